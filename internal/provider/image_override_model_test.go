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
