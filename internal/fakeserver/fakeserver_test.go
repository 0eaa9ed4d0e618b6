package fakeserver_test

import (
	"slices"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeserver"
)

func TestWhichRequestsAFaultHits(t *testing.T) {
	t.Parallel()
	type fault struct {
		kind         string // "" = any
		id           int
		times, after int
	}
	for name, c := range map[string]struct {
		faults []fault
		want   []int // ids that hit requests of the kinds a, b, a, b, a
	}{
		"the next":                   {[]fault{{id: 1}}, []int{1, 0, 0, 0, 0}},
		"all":                        {[]fault{{id: 1, times: -1}}, []int{1, 1, 1, 1, 1}},
		"a kind, after one":          {[]fault{{kind: "a", id: 1, after: 1, times: 2}}, []int{0, 0, 1, 0, 1}},
		"one behind the other":       {[]fault{{id: 1}, {id: 2}}, []int{1, 2, 0, 0, 0}},
		"passed on while it waits":   {[]fault{{id: 1, after: 1}, {id: 2}}, []int{2, 1, 0, 0, 0}},
		"not counted by those after": {[]fault{{id: 1, times: 2}, {id: 2, after: 1}}, []int{1, 1, 0, 2, 0}},
	} {
		var faults fakeserver.Faults[fault]
		for _, f := range c.faults {
			faults.Add(f, f.times, f.after)
		}
		var got []int
		for _, kind := range []string{"a", "b", "a", "b", "a"} {
			got = append(got, faults.Hit(func(f *fault) bool { return f.kind == "" || f.kind == kind }).id)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
