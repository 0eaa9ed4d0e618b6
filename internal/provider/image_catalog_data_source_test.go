package provider

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

const catalog = "data.harnessci_image_catalog.test"

func listOf(names ...string) knownvalue.Check {
	want := make([]knownvalue.Check, 0, len(names))
	for _, name := range names {
		want = append(want, knownvalue.StringExact(name))
	}
	return knownvalue.ListExact(want)
}

func TestAccImageCatalog_readsEveryPage(t *testing.T) {
	t.Parallel()
	repositories := []string{"harness/ci-addon", "harness/ci-lite-engine", "plugins/cache", "plugins/gcs", "plugins/kaniko", "plugins/s3", "z"}
	w := newWorld(t, fakeharness.Options{Catalog: repositories, CatalogPage: 3})
	fake := w.requireFake("the registry's content is not known")
	w.run(resource.TestCase{Steps: []resource.TestStep{{
		Config: `data "harnessci_image_catalog" "test" {}`,
		ConfigStateChecks: []statecheck.StateCheck{
			has(catalog, "repositories", listOf(repositories...)),
			has(catalog, "registry_url", knownvalue.Null()),
		},
	}}})
	pages := 0
	for _, request := range fake.Requests() {
		if request.Path != "/registry/_catalog" || request.Credential != "" {
			t.Errorf("%s with credential %q", request.Path, request.Credential)
		}
		if pages++; !strings.Contains(request.Query, "last=") != (pages%3 == 1) {
			t.Errorf("page %d is asked for with %q", pages, request.Query)
		}
	}
	if pages == 0 || pages%3 != 0 {
		t.Errorf("%d pages were read, 3 at each read", pages)
	}
}

// otherHost is another host that records the headers of its requests.
type otherHost struct {
	*httptest.Server
	mu      sync.Mutex
	headers []http.Header
	paths   []string
}

func newOtherHost(t *testing.T, answer http.HandlerFunc) *otherHost {
	t.Helper()
	r := &otherHost{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		r.headers, r.paths = append(r.headers, req.Header.Clone()), append(r.paths, req.URL.Path)
		r.mu.Unlock()
		answer(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

func page(names, next string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if next != "" {
			w.Header().Set("Link", "<"+next+`>; rel="next"`)
		}
		w.Write([]byte(`{"repositories":[` + names + `]}`)) //nolint:errcheck // the client may be gone
	}
}

// requireNoCredential fails unless the registry was asked, and never with a credential.
func (r *otherHost) requireNoCredential(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.headers) == 0 {
		t.Error("the registry was not asked")
	}
	for _, header := range r.headers {
		for name, values := range header {
			if name == "Authorization" || name == "X-Api-Key" || strings.Contains(strings.Join(values, " "), "pat.test") {
				t.Errorf("a credential was sent in %s", name)
			}
		}
	}
}

func TestAccImageCatalog_anotherHostGetsNoCredential(t *testing.T) {
	t.Parallel()
	for name, asked := range map[string][]string{
		"": {"/v2/", "/v2/_catalog"}, "/": {"/v2/", "/v2/_catalog"}, "/v2/_catalog": {"/v2/", "/v2/_catalog"}, "/mirror/v2": {"/mirror/v2/_catalog"},
	} {
		t.Run("registry_url ends with "+name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{})
			fake := w.requireFake("a real account is not needed")
			r := newOtherHost(t, page(`"b","a"`, ""))
			w.run(resource.TestCase{Steps: []resource.TestStep{{
				Config:            `data "harnessci_image_catalog" "test" { registry_url = "` + r.URL + name + `" }`,
				ConfigStateChecks: []statecheck.StateCheck{has(catalog, "repositories", listOf("a", "b"))},
			}}})
			r.requireNoCredential(t)
			if paths := slices.Compact(slices.Sorted(slices.Values(r.paths))); !slices.Equal(paths, asked) {
				t.Errorf("asked for %q, want %q", paths, asked)
			}
			if n := fake.Count(""); n != 0 {
				t.Errorf("the endpoint was asked %d times", n)
			}
		})
	}
}

func TestAccImageCatalog_isNotLedToAnotherHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{})
	fake := w.requireFake("it needs faults")
	r := newOtherHost(t, page(`"a"`, ""))
	fake.Inject(fakeharness.Fault{Call: "catalog", Times: -1, Header: http.Header{"Link": {"<" + r.URL + `/registry/_catalog>; rel="next"`}}})
	w.run(resource.TestCase{Steps: []resource.TestStep{{
		Config: `data "harnessci_image_catalog" "test" {}`, ExpectError: says("the list's next page is the same page"),
	}}})
	if len(r.headers) != 0 {
		t.Errorf("the other host was asked for %q", r.paths)
	}
}

func TestAccImageCatalog_errors(t *testing.T) {
	t.Parallel()
	const own, deprecated = `data "harnessci_image_catalog" "test" {}`, "Harness has deprecated this registry"
	for name, test := range map[string]struct {
		status int
		body   string
		own    []string // what the error says of the endpoint's registry
		other  []string // and of another's
	}{
		"a web page": {
			http.StatusOK, "<html><body>Log in</body></html>",
			[]string{"the answer is not a registry's list", deprecated},
			[]string{"the answer is not a registry's list", "Check registry_url"},
		},
		"another JSON object": {http.StatusOK, `{"status":"SUCCESS"}`, []string{"the answer is not a registry's list", deprecated}, []string{"the answer is not a registry's list"}},
		"a list":              {http.StatusOK, `["a"]`, []string{"the answer is not a registry's list"}, []string{"the answer is not a registry's list"}},
		"nothing there":       {http.StatusNotFound, "<html>404</html>", []string{"HTTP 404", deprecated}, []string{"HTTP 404", "Check registry_url"}},
		"locked":              {http.StatusUnauthorized, "", []string{"HTTP 401", deprecated}, []string{"HTTP 401", "no login is configured for"}},
		"forbidden":           {http.StatusForbidden, `{"errors":[]}`, []string{"HTTP 403", deprecated}, []string{"HTTP 403", "The login is not allowed to do this"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{})
			fake := w.requireFake("it needs faults")
			fake.Inject(fakeharness.Fault{Call: "catalog", Times: -1, Status: test.status, Body: test.body})
			r := newOtherHost(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				w.Write([]byte(test.body)) //nolint:errcheck // the client may be gone
			})
			var steps []resource.TestStep
			for _, words := range test.own {
				steps = append(steps, resource.TestStep{Config: own, ExpectError: says(words)})
			}
			for _, words := range test.other {
				steps = append(steps, resource.TestStep{
					Config: `data "harnessci_image_catalog" "test" { registry_url = "` + r.URL + `" }`, ExpectError: says(words),
				})
			}
			w.run(resource.TestCase{Steps: steps})
			r.requireNoCredential(t)
		})
	}
}

// Another registry is asked with its own login, wherever its catalog is the registry's own.
func TestAccImageCatalog_ofARegistryWithALogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{})
	w.requireFake("it needs no account")
	private := fakeregistry.Start(t, fakeregistry.Options{Username: "me", Password: "hunter2", PageSize: 2})
	for _, repository := range []string{"mirror/c", "mirror/a", "mirror/b"} {
		private.Push(repository+":1", fakeregistry.Image("linux/amd64", fakeregistry.Layer(1, 10)))
	}
	w.run(resource.TestCase{Steps: []resource.TestStep{{
		Config: `provider "harnessci" {
  registries = { "` + private.Host() + `" = { username = "me", password = "hunter2" } }
}
data "harnessci_image_catalog" "test" { registry_url = "http://` + private.Host() + `/v2" }`,
		ConfigStateChecks: []statecheck.StateCheck{has(catalog, "repositories", listOf("mirror/a", "mirror/b", "mirror/c"))},
	}}})
}

func TestAccImageCatalog_badRegistryURLs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{})
	tests := map[string]string{
		"registry.example.com":                 "does not start with https://",
		"":                                     "does not start with https://",
		"https://":                             "has no host",
		"https://me@example.com":               "contains a user name or password; set the login in registries of the provider block",
		"https://registry.example.com/v2?n=10": "has a query",
		"ftp://registry.example.com":           "does not start with https://",
	}
	var steps []resource.TestStep
	for _, value := range slices.Sorted(maps.Keys(tests)) {
		steps = append(steps, resource.TestStep{
			Config: `data "harnessci_image_catalog" "test" { registry_url = "` + value + `" }`, ExpectError: says(tests[value]),
		})
	}
	w.run(resource.TestCase{Steps: steps})
}
