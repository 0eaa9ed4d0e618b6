package owners_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
)

var (
	k8 = harness.Scope{Module: harness.CI, Infra: harness.K8}
	vm = harness.Scope{Module: harness.CI, Infra: harness.VM}
)

// object is the plan of one object, in one or two steps.
type object []owners.Step

func single(before, after map[string]string) object {
	return object{{Scope: k8, Before: before, After: after}}
}

func exclusive(before, after map[string]string) object {
	return object{{Scope: k8, Exclusive: true, Before: before, After: after}}
}

// replaced adds the second half of a replacement.
func (o object) replaced(after map[string]string) object {
	return append(o, owners.Step{Scope: k8, Exclusive: o[0].Exclusive, After: after})
}

// refreshed records that a refresh has read the object.
func (o object) refreshed() object {
	o[0].Shared = []string{"refreshed"}
	return o
}

func TestPlansThatContradictThemselves(t *testing.T) {
	t.Parallel()
	type images = map[string]string
	a, b, a2, ab := images{"a": "1"}, images{"b": "1"}, images{"a": "2"}, images{"a": "1", "b": "1"}
	gone, unknown := map[string]string(nil), images{"a": ""}
	duplicate := &owners.DuplicateError{owners.Target{k8, "a"}}
	beside := func(fields ...string) error { return &owners.ConflictError{Scope: k8, Fields: fields} }
	undone := &owners.UndoneError{Scope: k8, Fields: []string{"a"}}
	for name, test := range map[string]struct {
		objects []object
		want    error
	}{
		"different overrides":           {[]object{single(nil, a), single(nil, b), single(images{"c": "1"}, images{"c": "1"})}, nil},
		"a replacement":                 {[]object{single(a, a).replaced(a), single(b, b)}, nil},
		"a replacement of the image":    {[]object{single(a, a2).replaced(a2)}, nil},
		"another field":                 {[]object{single(a, gone).replaced(b)}, nil},
		"fields that change places":     {[]object{single(a, gone).replaced(b), single(b, gone).replaced(a)}, nil},
		"a rename without moved":        {[]object{single(a, gone), single(nil, a)}, nil},
		"a rename to a changed one":     {[]object{single(a, gone), single(a, a2)}, nil},
		"everything destroyed":          {[]object{single(a, gone), single(a, gone), exclusive(b, gone)}, nil},
		"two create one override":       {[]object{single(nil, a), single(nil, a)}, duplicate},
		"one joins an existing one":     {[]object{single(a, a), single(nil, a)}, duplicate},
		"one joins one that changes":    {[]object{single(a, a2), single(nil, unknown)}, duplicate},
		"one moves to an existing one":  {[]object{single(b, gone).replaced(a), single(a, a)}, duplicate},
		"two hold it and disagree":      {[]object{single(a, a), single(a, a2)}, duplicate},
		"two hold it and may disagree":  {[]object{single(a, a), single(a, unknown)}, duplicate},
		"two hold it and agree":         {[]object{single(a, a), single(a, a)}, duplicate},
		"two hold it and change it":     {[]object{single(a, a2), single(a, a2)}, duplicate},
		"one destroys another's":        {[]object{single(a, gone), single(a, a)}, undone},
		"and that one is refreshed":     {[]object{single(a, gone), single(a, a).refreshed()}, nil},
		"a new set beside a single":     {[]object{exclusive(nil, b), single(a, a)}, beside("a")},
		"a new set with a single's":     {[]object{exclusive(nil, a), single(a, a)}, beside("a")},
		"a new single beside a set":     {[]object{exclusive(b, b), single(nil, a)}, beside("a")},
		"a new single of a set's":       {[]object{exclusive(a, a), single(nil, a)}, beside("a")},
		"a single and an empty set":     {[]object{exclusive(images{}, images{}), single(a, a)}, beside("a")},
		"a set and a single disagree":   {[]object{exclusive(ab, b), single(a, a)}, beside("a")},
		"a set and a single agree":      {[]object{exclusive(ab, ab), single(a, a)}, beside("a")},
		"a set gains a single's":        {[]object{exclusive(b, ab), single(a, a)}, beside("a")},
		"two sets made":                 {[]object{exclusive(nil, images{}), exclusive(nil, images{})}, beside()},
		"a second set":                  {[]object{exclusive(a, a), exclusive(nil, a)}, beside()},
		"two sets that disagree":        {[]object{exclusive(a, a), exclusive(a, a2)}, beside()},
		"two sets that agree":           {[]object{exclusive(a, a), exclusive(a, a)}, beside()},
		"a set replaced":                {[]object{exclusive(a, a).replaced(b)}, nil},
		"singles that become a new set": {[]object{single(a, gone), single(b, gone), exclusive(nil, ab)}, nil},
		"a set that becomes singles":    {[]object{exclusive(ab, gone), single(nil, a), single(nil, b)}, nil},
		"a set destroys a single's":     {[]object{exclusive(ab, gone), single(a, a)}, undone},
		"and that is refreshed":         {[]object{exclusive(ab, gone), single(a, a).refreshed()}, nil},
		"an imported set's singles":     {[]object{single(a, gone), exclusive(ab, ab)}, undone},
		"if the set is refreshed":       {[]object{single(a, gone), exclusive(ab, ab).refreshed()}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, reversed := range []bool{false, true} {
				var plan owners.Plan
				if _, err := plan.Add("elsewhere", owners.Step{Scope: vm, Exclusive: true, Before: ab, After: ab}); err != nil {
					t.Fatalf("another infra: %v", err)
				}
				var first error
				for i := range test.objects {
					if reversed {
						i = len(test.objects) - 1 - i
					}
					for _, step := range test.objects[i] {
						id := string(rune('a' + i))
						if step.Shared != nil {
							plan.Refreshed(id, k8, slices.Collect(maps.Keys(step.Before)))
						}
						if _, err := plan.Add(id, step); first == nil {
							first = err
						}
					}
				}
				if diff := cmp.Diff(test.want, first); diff != "" {
					t.Errorf("reversed %t: %s", reversed, diff)
				}
			}
		})
	}
}

// Of the objects with one override, all but the first learn that they share it: one resets, the others do
// not.
func TestAllObjectsButOneLearnWhatTheyShare(t *testing.T) {
	t.Parallel()
	var plan owners.Plan
	destroy := func(id string, before map[string]string, known ...string) []string {
		shared, err := plan.Add(id, owners.Step{Scope: k8, Before: before, Shared: known})
		if err != nil {
			t.Fatal(err)
		}
		return shared
	}
	type images = map[string]string
	for i, test := range []struct{ got, want []string }{
		{plan.Refreshed("first", k8, []string{"b", "a"}), nil},
		{plan.Refreshed("first", k8, []string{"a"}), nil},
		{plan.Refreshed("second", k8, []string{"c", "b", "a"}), []string{"a", "b"}},
		{plan.Refreshed("third", k8, []string{"c"}), []string{"c"}},
		{plan.Refreshed("elsewhere", vm, []string{"a"}), nil},
		// A plan before the refresh counts like one.
		{destroy("first", images{"a": "1", "b": "1"}), nil},
		{destroy("fourth", images{"a": "1"}), []string{"a"}},
		{destroy("fifth", images{"d": "1"}), nil},
		{plan.Refreshed("fifth", k8, []string{"d"}), nil},
		{plan.Refreshed("sixth", k8, []string{"d"}), []string{"d"}},
		// What an earlier process has found applies to an object that this one does not refresh.
		{destroy("seventh", images{"e": "1"}, "e"), []string{"e"}},
		{destroy("eighth", images{"e": "1"}), nil},
		{destroy("third", images{"c": "1"}, "c"), []string{"c"}},
		{destroy("second", images{"c": "1"}, "c"), nil},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%d: %s", i, diff)
		}
	}
}
