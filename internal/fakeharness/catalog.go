package fakeharness

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
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
	if text := query.Get("n"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n <= 0 {
			return registryError("PAGINATION_NUMBER_INVALID", "invalid number of results requested")
		}
		size = min(n, size)
	}
	last := query.Get("last")
	start, found := slices.BinarySearch(opts.Catalog, last)
	if found {
		start++
	}
	end := min(start+size, len(opts.Catalog))
	page := append([]string{}, opts.Catalog[start:end]...)
	out := jsonAnswer(http.StatusOK, "", map[string][]string{"repositories": page})
	if end < len(opts.Catalog) {
		next := url.Values{"n": {strconv.Itoa(size)}, "last": {page[len(page)-1]}}
		out.Header.Set("Link", fmt.Sprintf(`<%s?%s>; rel="next"`, catalogPath, next.Encode()))
	}
	return out
}

// registryError is an error in the registry's own form, which has no correlationId.
func registryError(code, message string) *answer {
	return jsonAnswer(http.StatusBadRequest, "", map[string]any{"errors": []any{map[string]any{"code": code, "message": message}}})
}
