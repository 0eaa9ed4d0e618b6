package harness

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

func TestCatalogReadsEveryPage(t *testing.T) {
	t.Parallel()
	var all []string
	for i := range 25 {
		all = append(all, fmt.Sprintf("harness/image-%02d", i))
	}
	for _, page := range []int{1, 10, 24, 25, 26} {
		server := fakeharness.Start(t, fakeharness.Options{Catalog: all, CatalogPage: page})
		_, cfg := start(t)
		cfg.Endpoint = parseURL(t, server.Endpoint())
		got, err := New(cfg).Catalog(t.Context(), nil)
		if diff := cmp.Diff(all, got); err != nil || diff != "" {
			t.Errorf("pages of %d: %v, %s", page, err, diff)
		}
		if n, want := len(server.Requests()), (len(all)+page-1)/page; n != want {
			t.Errorf("pages of %d: %d requests, want %d", page, n, want)
		}
		for _, r := range server.Requests() {
			if r.Path != "/registry/_catalog" || r.Credential != "api_key" {
				t.Errorf("%s with the credential %q", r.Path, r.Credential)
			}
		}
	}
}

func TestCatalogOfAnotherRegistryGetsNoCredential(t *testing.T) {
	t.Parallel()
	own, cfg := start(t)
	other := fakeharness.Start(t, fakeharness.Options{CatalogPage: 5})
	registry := parseURL(t, strings.Replace(other.Endpoint(), "/gateway", "/registry", 1))
	registry.User = url.UserPassword("user", "secret")
	if _, err := New(cfg).Catalog(t.Context(), registry); err != nil {
		t.Fatal(err)
	}
	other.Inject(fakeharness.Fault{Status: 404})
	_, err := New(cfg).Catalog(t.Context(), registry)
	if e := failure(t, err); e.Credential != "" || e.Host != registry.Host || e.Call != "_catalog" || !IsNotFound(err) {
		t.Errorf("%#v", e)
	}
	if n := len(own.Requests()); n != 0 {
		t.Errorf("%d requests to the endpoint", n)
	}
	for _, r := range other.Requests() {
		if r.Credential != "" || r.Header.Get("Authorization") != "" || strings.Contains(r.Query, "test-account") {
			t.Errorf("sent %v, %q", r.Header, r.Query)
		}
	}
}

func TestCatalogURL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ endpoint, registry, want string }{
		{"https://app.harness.io/gateway", "", "https://app.harness.io/registry/_catalog"},
		{"https://u:p@h.example:8443/a/gateway/?x=1", "", "https://h.example:8443/registry/_catalog"},
		{"https://app.harness.io", "https://h.example", "https://h.example/v2/_catalog"},
		{"https://app.harness.io", "https://h.example/", "https://h.example/v2/_catalog"},
		{"https://app.harness.io", "https://h.example/registry", "https://h.example/registry/_catalog"},
		{"https://app.harness.io", "https://h.example/registry/", "https://h.example/registry/_catalog"},
		{"https://app.harness.io", "https://u:p@h.example/v2/_catalog?n=5#x", "https://h.example/v2/_catalog?n=5"},
	} {
		var registry *url.URL
		if test.registry != "" {
			registry = parseURL(t, test.registry)
		}
		if got := New(Config{Endpoint: parseURL(t, test.endpoint)}).catalogURL(registry).String(); got != test.want {
			t.Errorf("%s, %q: got %s, want %s", test.endpoint, test.registry, got, test.want)
		}
	}
}

func TestSameOrigin(t *testing.T) {
	t.Parallel()
	endpoint := parseURL(t, "https://app.harness.io/gateway")
	for raw, want := range map[string]bool{
		"https://app.harness.io/registry":     true,
		"https://app.harness.io:443":          true,
		"HTTPS://APP.Harness.IO":              true,
		"http://app.harness.io":               false,
		"https://app.harness.io:8443":         false,
		"https://app.harness.io.evil.example": false,
		"https://harness.io":                  false,
		"https://app.harness.io@evil.example": false,
	} {
		if got := transport.Origin(parseURL(t, raw)) == transport.Origin(endpoint); got != want {
			t.Errorf("%s: %v", raw, got)
		}
	}
}

func TestWhatIsNoCatalog(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		err    string
	}{
		"HTML":          {200, "<html>", "not a registry catalog: a web page came"},
		"empty":         {200, "", "not a registry catalog: the answer is empty"},
		"list":          {200, "[]", "not a registry catalog: the answer is a list"},
		"other object":  {200, `{"tags":[]}`, "not a registry catalog: it has no repositories"},
		"odd names":     {200, `{"repositories":["a",7]}`, "not a registry catalog: "},
		"object":        {200, `{"repositories":{"a":1}}`, "not a registry catalog: "},
		"404, HTML":     {404, "<html>Not Found</html>", "HTTP 404 Not Found: a web page came"},
		"401, registry": {401, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`, "HTTP 401 UNAUTHORIZED: authentication required"},
		"403, empty":    {403, "", "HTTP 403 Forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, cfg := start(t)
			server.Inject(fakeharness.Fault{Status: test.status, Body: test.body})
			got, err := New(cfg).Catalog(t.Context(), nil)
			if e := failure(t, err); got != nil || e.Status != test.status || !strings.Contains(err.Error(), test.err) {
				t.Errorf("got %v, %v", got, err)
			}
			if n := len(server.Requests()); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestCatalogForms(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`{"repositories":null}`:                    {},
		`{"repositories":[]}`:                      {},
		`{"repositories":["b","a","b"],"other":1}`: {"a", "b"},
		`{"repositories":["a\n\u001b[31mred"]}`:    {`a\n\x1b[31mred`},
	} {
		server, cfg := start(t)
		server.Inject(fakeharness.Fault{Status: 200, Body: body})
		got, err := New(cfg).Catalog(t.Context(), nil)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v, %s", body, err, diff)
		}
	}
}

func TestNextPage(t *testing.T) {
	t.Parallel()
	base := parseURL(t, "https://h.example/registry/_catalog?n=5")
	for _, test := range []struct {
		links     []string
		want, err string
	}{
		{nil, "", ""},
		{[]string{`</registry/_catalog?last=b&n=5>; rel="next"`}, "https://h.example/registry/_catalog?last=b&n=5", ""},
		{[]string{`<https://u:p@h.example/x>; rel="next"`}, "https://h.example/x", ""},
		{[]string{`<_catalog?last=b>;rel=next`}, "https://h.example/registry/_catalog?last=b", ""},
		{[]string{`<https://h.example:443/x>; title="a"; REL="prev Next"`}, "https://h.example:443/x", ""},
		{[]string{`</first>; rel="first", </a,b>; rel="next"`}, "https://h.example/a,b", ""},
		{[]string{`</first>; rel=first`, `</x>; rel=next`}, "https://h.example/x", ""},
		{[]string{`</x>; rel="prev"`, `</x>; title=next`, `</x>; rel="nextish"`, `</x>`, `nonsense`}, "", ""},
		{[]string{`<https://evil.example/x>; rel="next"`}, "", "not fetched: https://evil.example"},
		{[]string{`<http://h.example/x>; rel="next"`}, "", "not fetched: http://h.example"},
		{[]string{`<//u:p@evil.example/x>; rel="next"`}, "", "not fetched: https://evil.example"},
		{[]string{`<http://[::bad>; rel="next"`}, "", "is not a URL"},
	} {
		x := &exchange{request: request{url: base}, client: New(Config{Endpoint: base}), header: http.Header{"Link": test.links}}
		got, err := x.nextPage()
		switch {
		case test.err != "":
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%v: got %v, %v", test.links, got, err)
			}
		case err != nil || (got == nil) != (test.want == "") || got != nil && got.String() != test.want:
			t.Errorf("%v: got %v, %v", test.links, got, err)
		}
	}
}

func TestCatalogIsLimited(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		next func(page int) string
		size int // of a page, in bytes
		most int
	}{
		"same page again": {func(int) string { return "/registry/_catalog" }, 100, 1},
		"many pages":      {func(page int) string { return fmt.Sprint("/registry/_catalog?", page) }, 100, 30},
		"large pages":     {func(page int) string { return fmt.Sprint("/registry/_catalog?", page) }, 7 << 10, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var served atomic.Int32
			body := `{"repositories":["a"],"padding":"` + strings.Repeat("x", test.size) + `"}`
			server, cfg := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Link", "<"+test.next(int(served.Add(1)))+`>; rel="next"`)
				io.WriteString(w, body)
			}, nil)
			cfg.MaxAnswer, cfg.MaxPages = 8<<10, 30
			_, err := New(cfg).Catalog(t.Context(), nil)
			server.Close()
			if e := failure(t, err); e.Err == nil || int(served.Load()) != test.most {
				t.Errorf("%d pages, %v", served.Load(), err)
			}
		})
	}
}
