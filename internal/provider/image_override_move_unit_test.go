package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func TestMoveStartsFromTheVendorsResourceAlone(t *testing.T) {
	t.Parallel()
	var schema resource.SchemaResponse
	newImageOverrideResource().Schema(t.Context(), resource.SchemaRequest{}, &schema)
	for _, test := range []struct {
		provider, typeName string
		moves              bool
	}{
		{"registry.terraform.io/harness/harness", vendorResourceType, true},
		{"registry.opentofu.org/harness/harness", vendorResourceType, true},
		// As OpenTofu has it once another instance of the same resource has moved.
		{"registry.opentofu.org/harnessci/harnessci", vendorResourceType, true},
		{"registry.opentofu.org/harnessci/harnessci", "harnessci_image_overrides", false},
		{"registry.terraform.io/harness/harness", "harness_platform_secret_text", false},
		{"registry.terraform.io/someone/else", vendorResourceType, false},
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
