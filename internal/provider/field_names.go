package provider

import (
	"cmp"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

const (
	maxSuggestions = 3
	// minTolerance covers a forgotten "Tag", the most common slip.
	minTolerance = 3
)

// nearestFields returns the known fields that a misspelled one may mean, the likeliest first and at most
// three. If one differs only in case, it is returned alone. Names that no field can have are left out: they
// come from the server, and the result is shown.
func nearestFields(field string, known []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var near []candidate
	for _, name := range known {
		switch {
		case checkField(name) != nil:
			continue
		case strings.EqualFold(name, field):
			return []string{name}
		}
		distance := levenshtein.Distance(strings.ToLower(name), strings.ToLower(field), nil)
		if distance <= max(minTolerance, max(len(name), len(field))/3) {
			near = append(near, candidate{name, distance})
		}
	}
	slices.SortFunc(near, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), strings.Compare(a.name, b.name))
	})
	var names []string
	for _, c := range near[:min(len(near), maxSuggestions)] {
		names = append(names, c.name)
	}
	return names
}
