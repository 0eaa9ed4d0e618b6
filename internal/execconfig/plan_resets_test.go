package execconfig

import (
	"maps"
	"testing"
	"testing/synctest"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
)

// A CLI plans again in the apply, after part of it, and refuses a different result.
func TestPlanResetsAreTheSameBeforeAndAfterTheResetsOfTheRun(t *testing.T) {
	for _, hides := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(latency)
			s.Tune(func(o *fakeharness.Options) { o.HideDefaults = hides })
			pinned := s.Defaults("ci/K8")[fieldName(1)]
			existing := map[string]string{fieldName(0): "example.com/zero:1", fieldName(1): pinned, fieldName(2): "example.com/two:1"}
			for field, image := range existing {
				s.outside(k8, field, image)
			}
			wanted := map[string]string{fieldName(2): "example.com/two:2"}
			first := newAccount(t, s)
			server := first.PlanImages(t.Context(), k8)
			before := (&owners.Plan{}).Resets(k8, server.Defaults, server.Overrides, wanted)

			apply, plan := newAccount(t, s), owners.Plan{}
			for field := range existing {
				plan.Resetting(k8, map[string]string{field: existing[field]}, !hides)
				if err := apply.Reset(t.Context(), k8, field, existing[field]); err != nil {
					t.Logf("%s: %v", field, err) // a witness is missing, say
				}
			}
			server = apply.PlanImages(t.Context(), k8)
			after := plan.Resets(k8, server.Defaults, server.Overrides, wanted)
			want := map[string]string{fieldName(0): existing[fieldName(0)], fieldName(1): pinned}
			if hides {
				delete(want, fieldName(1))
			}
			if !maps.Equal(before, want) || !maps.Equal(after, want) {
				t.Errorf("hides defaults: %v; got %v, then %v, want %v", hides, before, after, want)
			}
		})
	}
}
