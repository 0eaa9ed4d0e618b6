package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"pgregory.net/rapid"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

func TestStanding(t *testing.T) {
	t.Parallel()
	type images map[string]string
	for name, test := range map[string]struct{ before, listed, defaults, want images }{
		"nothing":                      {nil, nil, nil, images{}},
		"unchanged":                    {images{"a": "a:1"}, images{"a": "a:1"}, nil, images{"a": "a:1"}},
		"changed outside":              {images{"a": "a:1"}, images{"a": "a:2"}, images{"a": "a:1"}, images{"a": "a:2"}},
		"added outside":                {images{}, images{"a": "a:1"}, nil, images{"a": "a:1"}},
		"removed outside":              {images{"a": "a:1"}, images{}, images{"a": "d:1"}, images{}},
		"equal to the default, hidden": {images{"a": "d:1"}, images{}, images{"a": "d:1"}, images{"a": "d:1"}},
		"equal to another's default":   {images{"a": "d:1"}, images{}, images{"b": "d:1"}, images{}},
		"field no longer there":        {images{"a": "a:1"}, images{}, images{}, images{}},
	} {
		if got := standing(test.before, test.listed, test.defaults); !maps.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

// Whatever stands and is wanted, the change leads from one to the other and touches nothing twice.
func TestOverridesChangeLeadsFromWhatStandsToWhatIsWanted(t *testing.T) {
	t.Parallel()
	images := rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c", "d"}), rapid.SampledFrom([]string{"x:1", "x:2"}))
	rapid.Check(t, func(t *rapid.T) {
		stands, wanted := images.Draw(t, "stands"), images.Draw(t, "wanted")
		before := maps.Clone(stands)
		change := newOverridesChange(stands, wanted)
		if got := change.after(stands, nil); !maps.Equal(got, wanted) {
			t.Fatalf("after the change stands %v", got)
		}
		if !maps.Equal(stands, before) {
			t.Fatalf("the change wrote to its input: %v", stands)
		}
		fields := slices.Concat(slices.Sorted(maps.Keys(change.set)), change.reset, slices.Sorted(maps.Keys(change.keep)))
		if slices.Sort(fields); len(slices.Compact(slices.Clone(fields))) != len(fields) {
			t.Fatalf("a field twice in %+v", change)
		}
		for field := range change.set {
			if stands[field] == wanted[field] {
				t.Fatalf("%s is stored again", field)
			}
		}
		if !slices.IsSorted(change.reset) {
			t.Fatalf("resets in no order: %v", change.reset)
		}
	})
}

// Of what stands, the change resets what the plan was made with, and leaves the rest as it is.
func TestOverridesChangeLeavesNewcomers(t *testing.T) {
	t.Parallel()
	stands := map[string]string{"a": "a:1", "b": "b:1", "new": "new:\x1b1", "newer": "newer:1"}
	change := newOverridesChange(stands, map[string]string{"a": "a:2"}).
		leaveNewcomers(map[string]string{"a": "a:1", "b": "b:0"})
	if !slices.Equal(change.reset, []string{"b"}) || !slices.Equal(change.left, []string{"new", "newer"}) {
		t.Errorf("resets %v and leaves %v", change.reset, change.left)
	}
	want := map[string]string{"a": "a:2", "new": "new:\x1b1", "newer": "newer:1"}
	if got := change.after(stands, nil); !maps.Equal(got, want) {
		t.Errorf("after the change stands %v", got)
	}
	diags := change.newcomers(ciK8, stands)
	if len(diags) != 1 || diags.HasError() || diags[0].Summary() != "Overrides of ci/K8 added since the plan were left as they are" {
		t.Fatal(diags)
	}
	requireDiagnostic(t, diags[0], "images", "  new: \"new:\\x1b1\"\n  newer: newer:1\n")
	if diags := newOverridesChange(stands, nil).newcomers(ciK8, stands); len(diags) != 0 {
		t.Errorf("%v of a change that leaves nothing", diags)
	}
}

func TestOverridesChangeAfterErrors(t *testing.T) {
	t.Parallel()
	stands := map[string]string{"a": "a:1", "b": "b:1", "c": "c:1"}
	change := newOverridesChange(stands, map[string]string{"a": "a:1", "b": "b:2", "d": "d:1", "e": "e:1"})
	got := change.after(stands, execconfig.FieldErrors{
		"b": answered(403, "no"),
		"c": &execconfig.UncertainError{Target: target("c"), Err: answered(503, ""), ReadErr: answered(503, "")},
		"e": &execconfig.UnverifiedError{Target: target("e"), Err: answered(503, "")},
	})
	want := map[string]string{"a": "a:1", "b": "b:1", "c": "c:1", "d": "d:1", "e": "e:1"}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestOverridesChangeFailures(t *testing.T) {
	t.Parallel()
	type failed = execconfig.FieldErrors
	refused := answered(400, "Field nope does not exist")
	lost := func(field string) error {
		return &execconfig.NotStoredError{Target: target(field), Sent: field + ":1", Attempts: 20}
	}
	unverified := func(field string) error {
		return &execconfig.UnverifiedError{Target: target(field), Err: answered(503, "")}
	}
	kept := &execconfig.KeptError{Target: target("gone")}
	for name, test := range map[string]struct {
		destroy bool
		failed  failed
		want    []string // severity, path and summary of each
		word    string   // what the first detail says
	}{
		"none": {},
		"one": {
			failed: failed{"nope": refused}, word: "Field nope does not exist",
			want: []string{`Error images["nope"] Could not set the image override ci/K8/nope`},
		},
		"one request's": {
			failed: failed{"a": refused, "b": refused}, word: "field:         a\n                 b\n",
			want: []string{"Error images Could not set 2 image overrides of ci/K8"},
		},
		"two requests'": {failed: failed{"a": refused, "gone": refused}, want: []string{
			`Error images["a"] Could not set the image override ci/K8/a`,
			`Error images["gone"] Could not reset the image override ci/K8/gone`,
		}},
		"each its own": {failed: failed{"a": lost("a"), "b": lost("b")}, word: `"a:1" was sent`, want: []string{
			`Error images["a"] Could not set the image override ci/K8/a`,
			`Error images["b"] Could not set the image override ci/K8/b`,
		}},
		"unverified": {failed: failed{"a": unverified("a"), "gone": unverified("gone")}, want: []string{
			`Warning images["a"] Could not verify the image override ci/K8/a`,
			`Warning images["gone"] Could not verify the image override ci/K8/gone`,
		}},
		"one request's, unverified": {
			failed: failed{"a": unverified("a"), "b": unverified("b")}, word: "The write was acknowledged but",
			want: []string{"Warning images Could not verify 2 image overrides of ci/K8"},
		},
		"destroyed, unverified": {
			destroy: true, failed: failed{"gone": unverified("gone")},
			want: []string{`Error images["gone"] Could not reset the image override ci/K8/gone`},
		},
		"destroyed, kept": {
			destroy: true, failed: failed{"gone": kept},
			want: []string{"Warning  Did not reset the image override ci/K8/gone, which this run has set"}, word: "  field:         gone",
		},
		"kept": {
			failed: failed{"gone": kept},
			want:   []string{`Error images["gone"] Could not reset the image override ci/K8/gone`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			diags := overridesChange{reset: []string{"gone"}, destroy: test.destroy}.failures(target("").Scope, test.failed)
			var got []string
			for _, d := range diags {
				at := ""
				if pathed, ok := d.(diag.DiagnosticWithPath); ok {
					at = pathed.Path().String()
				}
				got = append(got, fmt.Sprintf("%s %s %s", d.Severity(), at, d.Summary()))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if test.word != "" && !strings.Contains(diags[0].Detail(), test.word) {
				t.Errorf("the detail does not say %q:\n%s", test.word, diags[0].Detail())
			}
		})
	}
}

func TestTakeOverWarningOfImagesThatAreNotKnown(t *testing.T) {
	t.Parallel()
	d := takeOverWarning(target("").Scope, []string{"  a: a:1"}, nil, true)
	if !strings.Contains(d.Detail(), "are not known yet") || !strings.Contains(d.Detail(), "  a: a:1") {
		t.Errorf("got %s", d.Detail())
	}
}

func TestImageOverridesModelRoundTrip(t *testing.T) {
	t.Parallel()
	images := map[string]string{"a": "a:1", "b": "b:1"}
	model := newImageOverridesModel(harness.Scope{Module: harness.IDP, Infra: harness.VM}).withImages(images)
	if got := model.images(); !maps.Equal(got, images) || model.plannedID().ValueString() != "idp/VM" {
		t.Errorf("got %v, %s", got, model.plannedID())
	}
	model.Images = types.MapUnknown(types.StringType)
	if got := model.values(); len(got) != 0 {
		t.Errorf("got %v of an unknown map", got)
	}
	model.Infra = types.StringUnknown()
	if !model.plannedID().IsUnknown() {
		t.Errorf("id is %s while the infra is unknown", model.plannedID())
	}
}

// What is accepted reads back from its canonical form as the same set.
func FuzzParseScopeID(f *testing.F) {
	for _, id := range []string{"ci/K8", "K8", "idp/VM", "", "/", "ci/K8/x", "k8", "ci/\x00", "K8\u202e"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		scope, err := parseScopeID(id)
		if err != nil {
			for _, r := range err.Error() {
				if r < ' ' {
					t.Fatalf("the error for %q holds a control character: %v", id, err)
				}
			}
			return
		}
		again, err := parseScopeID(scope.String())
		if err != nil || again != scope || !scope.Valid() {
			t.Errorf("%q is %s, which is %s, %v", id, scope, again, err)
		}
	})
}
