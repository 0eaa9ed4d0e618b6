package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

func modelOf(image types.String) imageOverrideModel {
	model := newImageOverrideModel(target("gitCloneTag"))
	model.Value = image
	return model
}

func TestRefreshed(t *testing.T) {
	t.Parallel()
	type images map[string]string
	for name, test := range map[string]struct {
		state               types.String
		overrides, defaults images
		want                types.String
		stands              bool
	}{
		"unchanged":                     {types.StringValue("a:1"), images{"gitCloneTag": "a:1"}, nil, types.StringValue("a:1"), true},
		"changed outside":               {types.StringValue("a:1"), images{"gitCloneTag": "a:2"}, nil, types.StringValue("a:2"), true},
		"imported":                      {types.StringNull(), images{"gitCloneTag": "a:2"}, nil, types.StringValue("a:2"), true},
		"removed outside":               {types.StringValue("a:1"), images{}, images{"gitCloneTag": "d:1"}, types.StringValue("a:1"), false},
		"equal to the default, hidden":  {types.StringValue("d:1"), images{}, images{"gitCloneTag": "d:1"}, types.StringValue("d:1"), true},
		"equal to another's default":    {types.StringValue("d:1"), images{}, images{"gcsUploadTag": "d:1"}, types.StringValue("d:1"), false},
		"field no longer there":         {types.StringValue("a:1"), images{}, images{}, types.StringValue("a:1"), false},
		"imported without an override":  {types.StringNull(), images{}, images{"gitCloneTag": "d:1"}, types.StringNull(), false},
		"imported without such a field": {types.StringNull(), images{}, images{}, types.StringNull(), false},
	} {
		got, stands := modelOf(test.state).refreshed(test.overrides, test.defaults, false)
		if stands != test.stands || !got.Value.Equal(test.want) {
			t.Errorf("%s: got %s, %v, want %s, %v", name, got.Value, stands, test.want, test.stands)
		}
		_, listed := test.overrides["gitCloneTag"]
		if _, stands := modelOf(test.state).refreshed(test.overrides, test.defaults, true); stands != listed {
			t.Errorf("%s: stands is %v on a server that lists all", name, stands)
		}
	}
}

func TestPlannedID(t *testing.T) {
	t.Parallel()
	model := modelOf(types.StringValue("a:1"))
	if got := model.plannedID(); got.ValueString() != "ci/K8/gitCloneTag" {
		t.Errorf("id is %s", got)
	}
	for name, unknown := range map[string]func(*imageOverrideModel){
		"module": func(m *imageOverrideModel) { m.Module = types.StringUnknown() },
		"infra":  func(m *imageOverrideModel) { m.Infra = types.StringUnknown() },
		"field":  func(m *imageOverrideModel) { m.Field = types.StringUnknown() },
	} {
		planned := model
		unknown(&planned)
		if got := planned.plannedID(); !got.IsUnknown() {
			t.Errorf("id is %s while the %s is unknown", got, name)
		}
	}
}

func TestScopeOfFillsDefaults(t *testing.T) {
	t.Parallel()
	if got := scopeOf(types.StringNull(), types.StringNull()); got != (harness.Scope{Module: harness.CI, Infra: harness.K8}) {
		t.Errorf("got %s", got)
	}
	if got := scopeOf(types.StringValue("idp"), types.StringValue("VM")); got != (harness.Scope{Module: harness.IDP, Infra: harness.VM}) {
		t.Errorf("got %s", got)
	}
}
