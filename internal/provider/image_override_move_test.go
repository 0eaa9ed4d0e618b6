package provider

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// A state of the official resource is either adopted unchanged, or refused with a message that is safe to
// show.
func FuzzMovedModel(f *testing.F) {
	f.Fuzz(func(t *testing.T, attributes []byte) {
		model, err := movedModel(attributes)
		if err != nil {
			if text := err.Error(); len(text) > 1000 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("not fit to be shown: %q", text)
			}
			return
		}
		id, err := parseID(model.ID.ValueString())
		if err != nil || id != model.target() || !id.Scope.Valid() {
			t.Errorf("%q is the id of %+v: %v", model.ID.ValueString(), model.target(), err)
		}
		var source map[string]any
		if err := json.Unmarshal(attributes, &source); err != nil {
			t.Fatalf("%s was taken for JSON: %v", attributes, err)
		}
		// Names of members may differ in case, and come twice; what was taken is one of the values.
		for name, value := range map[string]string{
			"kind": string(id.Scope.Module), "infra_type": string(id.Scope.Infra), "field": id.Field, "value": model.Value.ValueString(),
		} {
			found := false
			for member, content := range source {
				text, ok := content.(string)
				found = found || ok && strings.EqualFold(member, name) && strings.EqualFold(text, value)
			}
			if !found {
				t.Errorf("%s: %s is %q", attributes, name, value)
			}
		}
		if strings.TrimSpace(model.Value.ValueString()) == "" {
			t.Errorf("%s makes an override without an image", attributes)
		}
	})
}

func TestMoveStartsOnlyFromTheOfficialResource(t *testing.T) {
	t.Parallel()
	var schema resource.SchemaResponse
	newImageOverrideResource().Schema(t.Context(), resource.SchemaRequest{}, &schema)
	for _, test := range []struct {
		provider, typeName string
		moves              bool
	}{
		{"registry.terraform.io/harness/harness", officialResourceType, true},
		{"registry.opentofu.org/harness/harness", officialResourceType, true},
		// What OpenTofu sends once another instance of the same resource has moved.
		{"registry.opentofu.org/harnessci/harnessci", officialResourceType, true},
		// What OpenTofu 1.10 sends.
		{"harness", officialResourceType, true},
		{"harnessci", officialResourceType, true},
		{"someone", officialResourceType, false},
		{"registry.opentofu.org/harnessci/harnessci", "harnessci_image_overrides", false},
		{"registry.terraform.io/harness/harness", "harness_platform_secret_text", false},
		{"registry.terraform.io/someone/else", officialResourceType, false},
	} {
		resp := resource.MoveStateResponse{TargetState: tfsdk.State{
			Schema: schema.Schema, Raw: tftypes.NewValue(schema.Schema.Type().TerraformType(t.Context()), nil),
		}}
		moveImageOverride(t.Context(), resource.MoveStateRequest{
			SourceProviderAddress: test.provider, SourceTypeName: test.typeName,
			SourceRawState: &tfprotov6.RawState{JSON: []byte(`{"kind":"ci","infra_type":"K8","field":"gitCloneTag","value":"a:1"}`)},
		}, &resp)
		if moved := !resp.TargetState.Raw.IsNull(); moved != test.moves || resp.Diagnostics.HasError() == test.moves {
			t.Errorf("%s of %s: moved is %v, %v", test.typeName, test.provider, moved, resp.Diagnostics)
		}
	}
}
