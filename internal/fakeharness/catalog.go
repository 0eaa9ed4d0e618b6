package fakeharness

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeserver"
)

// defaultCatalog lists the repositories of every default image.
func defaultCatalog() []string {
	var out []string
	defaults, _ := builtinDefaults()
	for _, fields := range defaults {
		for _, image := range fields {
			repository, _, _ := strings.Cut(image, ":")
			out = append(out, repository)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// catalog answers the Docker Registry catalog: at most n repositories after last, and a Link header if
// there are more. A page is never longer than Options.CatalogPage.
func (s *Server) catalog(query url.Values) *answer {
	opts := s.Options()
	size := opts.CatalogPage
	if n, err := strconv.Atoi(query.Get("n")); err == nil {
		size = min(n, size)
	}
	page, more := fakeserver.Page(opts.Catalog, query.Get("last"), size)
	out := fakeserver.JSON(http.StatusOK, map[string][]string{"repositories": page})
	if more {
		next := url.Values{"n": {strconv.Itoa(size)}, "last": {page[len(page)-1]}}
		out.Header.Set("Link", fmt.Sprintf(`<%s?%s>; rel="next"`, catalogPath, next.Encode()))
	}
	return out
}
