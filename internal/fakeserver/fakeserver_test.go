package fakeserver_test

import (
	"slices"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeserver"
)

func TestWhichRequestsAFaultHits(t *testing.T) {
	t.Parallel()
	type fault = fakeserver.Fault[struct{}]
	for name, c := range map[string]struct {
		faults []fault
		want   []int // statuses that hit requests of the kinds a, b, a, b, a
	}{
		"the next":                   {[]fault{{Status: 1}}, []int{1, 0, 0, 0, 0}},
		"all":                        {[]fault{{Status: 1, Times: -1}}, []int{1, 1, 1, 1, 1}},
		"a kind, after one":          {[]fault{{Call: "a", Status: 1, After: 1, Times: 2}}, []int{0, 0, 1, 0, 1}},
		"one behind the other":       {[]fault{{Status: 1}, {Status: 2}}, []int{1, 2, 0, 0, 0}},
		"passed on while it waits":   {[]fault{{Status: 1, After: 1}, {Status: 2}}, []int{2, 1, 0, 0, 0}},
		"not counted by those after": {[]fault{{Status: 1, Times: 2}, {Status: 2, After: 1}}, []int{1, 1, 0, 2, 0}},
	} {
		var faults fakeserver.Faults[struct{}]
		for _, f := range c.faults {
			faults.Inject(f)
		}
		var got []int
		for _, kind := range []string{"a", "b", "a", "b", "a"} {
			got = append(got, faults.Hit(func(f *fault) bool { return f.Call == "" || f.Call == kind }).Status)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
