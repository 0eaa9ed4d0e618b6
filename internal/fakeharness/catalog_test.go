package fakeharness

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// getCatalog asks for a page of the image list, without a credential.
func getCatalog(t *testing.T, s *Server, target string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(s.Endpoint(), basePath)+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, req)
}

// repositories decodes a page.
func (r reply) repositories(t *testing.T) []string {
	t.Helper()
	var page struct{ Repositories []string }
	if r.status != 200 || json.Unmarshal([]byte(r.body), &page) != nil {
		t.Fatalf("no page: %d %s", r.status, r.body)
	}
	return page.Repositories
}

func TestCatalogPages(t *testing.T) {
	t.Parallel()
	catalog := []string{"b/2", "a/1", "d/4", "c/3", "e/5"}
	sorted := slices.Sorted(slices.Values(catalog))
	s := Start(t, Options{Catalog: catalog, CatalogPage: 2})
	for _, c := range []struct {
		target string
		pages  [][]string
	}{
		{"/registry/_catalog", [][]string{{"a/1", "b/2"}, {"c/3", "d/4"}, {"e/5"}}},
		{"/registry/_catalog?n=1", [][]string{{"a/1"}, {"b/2"}, {"c/3"}, {"d/4"}, {"e/5"}}},
		{"/registry/_catalog?n=1000", [][]string{{"a/1", "b/2"}, {"c/3", "d/4"}, {"e/5"}}},
		{"/registry/_catalog?last=c/3", [][]string{{"d/4", "e/5"}}},
		{"/registry/_catalog?last=c/33", [][]string{{"d/4", "e/5"}}},
		{"/registry/_catalog?last=z", [][]string{{}}},
	} {
		var got [][]string
		for next := c.target; next != ""; {
			page := getCatalog(t, s, next)
			got = append(got, page.repositories(t))
			next, _ = strings.CutSuffix(strings.TrimPrefix(page.header.Get("Link"), "<"), `>; rel="next"`)
		}
		if diff := cmp.Diff(c.pages, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.target, diff)
		}
	}
	if !slices.Equal(s.Options().Catalog, sorted) || catalog[0] != "b/2" {
		t.Errorf("the catalog is %v, the caller's %v", s.Options().Catalog, catalog)
	}
	for _, n := range []string{"0", "-1", "x"} {
		if got := getCatalog(t, s, "/registry/_catalog?n="+n); got.status != 400 || !strings.Contains(got.body, `"PAGINATION_NUMBER_INVALID"`) {
			t.Errorf("n=%s: %d %s", n, got.status, got.body)
		}
	}
	if got := s.Requests()[0]; got.Call != "catalog" || got.Scope != "" || got.Credential != "" {
		t.Errorf("logged as %+v", got)
	}
}

func TestDefaultCatalogHasEveryDefaultImage(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	page := getCatalog(t, s, "/registry/_catalog")
	repositories := page.repositories(t)
	if page.header.Get("Link") != "" || !slices.IsSorted(repositories) || len(repositories) < 20 {
		t.Errorf("Link %q, repositories %v", page.header.Get("Link"), repositories)
	}
	for field, image := range s.Defaults("ci/K8") {
		repository, _, _ := strings.Cut(image, ":")
		if !slices.Contains(repositories, repository) {
			t.Errorf("%s of %s is missing", repository, field)
		}
	}
}

func TestDefaultCatalogPageIsAHundred(t *testing.T) {
	t.Parallel()
	catalog := make([]string, 101)
	for i := range catalog {
		catalog[i] = "r/" + strconv.Itoa(1000+i)
	}
	s := Start(t, Options{Catalog: catalog})
	page := getCatalog(t, s, "/registry/_catalog")
	link := `</registry/_catalog?` + url.Values{"last": {"r/1099"}, "n": {"100"}}.Encode() + `>; rel="next"`
	if len(page.repositories(t)) != 100 || page.header.Get("Link") != link {
		t.Errorf("%d repositories, Link %s", len(page.repositories(t)), page.header.Get("Link"))
	}
}
