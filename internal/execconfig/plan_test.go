package execconfig

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// step is a resource as a plan shows it: a single override, or a set of several.
type step struct {
	set    bool
	fields []string
	phase  Phase
}

func TestPlansThatContradictThemselves(t *testing.T) {
	t.Parallel()
	single := func(field string, phase Phase) step { return step{false, []string{field}, phase} }
	set := func(phase Phase, fields ...string) step { return step{true, fields, phase} }
	duplicate := &DuplicateError{Target{k8, "a"}}
	undone := &UndoneError{Scope: k8, Fields: []string{"a"}}
	for name, test := range map[string]struct {
		steps []step
		want  error
	}{
		"different overrides":            {[]step{single("a", Creating), single("b", Creating), single("c", Keeping)}, nil},
		"a replacement, planned twice":   {[]step{single("a", Keeping), single("a", Creating)}, nil},
		"another field, planned twice":   {[]step{single("a", Destroying), single("b", Creating)}, nil},
		"a rename without moved":         {[]step{single("a", Destroying), single("a", Creating)}, nil},
		"a rename to a changed one":      {[]step{single("a", Destroying), single("a", Changing)}, nil},
		"everything destroyed":           {[]step{single("a", Destroying), single("b", Destroying), set(Destroying, "c")}, nil},
		"two create one override":        {[]step{single("a", Creating), single("a", Creating)}, duplicate},
		"two hold one override":          {[]step{single("a", Keeping), single("a", Changing)}, duplicate},
		"one destroys what another has":  {[]step{single("a", Destroying), single("a", Keeping)}, undone},
		"a set and a single":             {[]step{set(Creating, "b"), single("a", Keeping)}, &ConflictError{Scope: k8, Fields: []string{"a"}}},
		"two sets made":                  {[]step{set(Creating), set(Creating)}, &ConflictError{Scope: k8}},
		"two sets held":                  {[]step{set(Keeping), set(Changing)}, &ConflictError{Scope: k8}},
		"a set replaced":                 {[]step{set(Keeping, "a"), set(Creating)}, nil},
		"singles that become a new set":  {[]step{single("a", Destroying), single("b", Destroying), set(Creating)}, nil},
		"a set that becomes singles":     {[]step{set(Destroying, "a", "b"), single("a", Creating)}, nil},
		"an imported set's former parts": {[]step{single("a", Destroying), set(Keeping, "a", "b")}, undone},
		"a set destroys a single's":      {[]step{set(Destroying, "a", "b"), single("a", Keeping)}, undone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, reversed := range []bool{false, true} {
				a := newAccount(t, newServer(0))
				var first error
				for i := range test.steps {
					s := test.steps[i]
					if reversed {
						s = test.steps[len(test.steps)-1-i]
					}
					err := a.PlanSingle(Target{vm, "a"}, Destroying)
					if err != nil {
						t.Errorf("another infra: %v", err)
					}
					if s.set {
						err = a.PlanExclusive(k8, s.fields, s.phase)
					} else {
						err = a.PlanSingle(Target{k8, s.fields[0]}, s.phase)
					}
					if first == nil {
						first = err
					}
				}
				if diff := cmp.Diff(test.want, first); diff != "" {
					t.Errorf("reversed %t: %s", reversed, diff)
				}
			}
		})
	}
}
