package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
)

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
	kept := &owners.KeptError{Target: target("gone")}
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
			`Error images["gone"] Could not reset the image override ci/K8/gone: app.harness.io answered with HTTP 400, as explained for ci/K8/a`,
		}},
		"each its own": {failed: failed{"a": lost("a"), "b": lost("b")}, word: `"a:1" was sent`, want: []string{
			`Error images["a"] Could not set the image override ci/K8/a`,
			`Error images["b"] Could not set the image override ci/K8/b`,
		}},
		"unverified": {failed: failed{"a": unverified("a"), "gone": unverified("gone")}, want: []string{
			`Warning images["a"] Could not verify the image override ci/K8/a`,
			`Warning images["gone"] Could not verify further writes`,
		}},
		"one cause, whatever failed for it": {
			failed: failed{"a": unverified("a"), "b": &execconfig.UncertainError{Target: target("b"), Err: answered(503, "")}, "c": answered(503, "")},
			want: []string{
				`Warning images["a"] Could not verify the image override ci/K8/a`,
				`Error images["b"] Could not set the image override ci/K8/b: it may or may not be stored, because app.harness.io answered with HTTP 503, as explained for ci/K8/a`,
				`Error images["c"] Could not set the image override ci/K8/c: app.harness.io answered with HTTP 503, as explained for ci/K8/a`,
			},
		},
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
			diags := overridesChange{execconfig.Change{Reset: map[string]string{"gone": "gone:1"}}, test.destroy}.failures(new(providerData), target("").Scope, test.failed)
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

func TestOverridesChangeWarnsOfNewcomers(t *testing.T) {
	t.Parallel()
	change := overridesChange{Change: execconfig.Change{Left: map[string]string{"new": "new:\x1b1", "newer": "newer:1"}}}
	diags := change.newcomers(ciK8)
	if len(diags) != 1 || diags.HasError() || diags[0].Summary() != "Overrides of ci/K8 that no plan has shown were left as they are" {
		t.Fatal(diags)
	}
	requireDiagnostic(t, diags[0], "images", "  new: \"new:\\x1b1\"\n  newer: newer:1\n")
	if diags := (overridesChange{}).newcomers(ciK8); len(diags) != 0 {
		t.Errorf("%v of a change that leaves nothing", diags)
	}
}

func TestTakeOverWarningForUnknownImages(t *testing.T) {
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
					t.Fatalf("the error for %q contains a control character: %v", id, err)
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
