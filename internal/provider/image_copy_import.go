package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// ImportState reads the destination from the id or the identity; the Read that follows finds the image, or
// reports that there is none. Nothing is written.
func (r *imageCopyResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	destination := req.ID
	if destination == "" {
		var identity imageCopyIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		destination = identity.Destination.ValueString()
	}
	problem := ""
	if _, err := imageref.Parse(destination); err != nil {
		problem = text.Sentence(err.Error())
	} else if !imageref.Pinned(destination) {
		problem = text.Quote(destination) + " has neither a tag nor a digest."
	}
	if problem != "" {
		resp.Diagnostics.AddError("Could not import an image copy: invalid id", problem+" The id of an image copy is its destination, "+
			"such as registry.example.com/mirror/harness/ci-addon:1.16.92.")
		return
	}
	if !r.data.requireRegistries("import the image copy "+destination, &resp.Diagnostics) {
		return
	}
	times := map[string]attr.Type{
		"create": types.StringType, "read": types.StringType, "update": types.StringType, "delete": types.StringType,
	}
	model := imageCopyModel{
		ID: types.StringValue(destination), Destination: types.StringValue(destination),
		Signatures: types.StringValue(signaturesFalse), OnDestroy: types.StringValue(destroyKeep),
		Platforms: types.ListNull(types.StringType), Timeouts: timeouts.Value{Object: types.ObjectNull(times)},
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, model.identity())...)
}
