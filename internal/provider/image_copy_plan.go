package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
)

// ValidateConfig refuses a copy onto itself.
func (r *imageCopyResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config imageCopyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	source, destination := config.Source.ValueString(), config.Destination.ValueString()
	if source != "" && destination != "" && pulls.FullName(source) == pulls.FullName(destination) {
		resp.Diagnostics.AddAttributeError(path.Root("destination"), "Invalid destination",
			"The destination is the source itself. The function mirror_image returns the destination for a source "+
				"and a registry.")
	}
}

// ModifyPlan shows the digest that the apply copies, and what it replaces.
func (r *imageCopyResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var state, plan *imageCopyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || plan == nil {
		return
	}
	if state != nil && state.Destination != plan.Destination {
		state = nil // it is replaced
	}
	plan.ID = plan.Destination
	if plan.Source.IsUnknown() || plan.Destination.IsUnknown() || !r.data.known() || r.data.registry == nil {
		plan.keep(state)
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
		return
	}
	seen := copyMemory{req.Private}
	wanted, err := r.wanted(ctx, state, plan, seen.get(ctx, sourceKey, &resp.Diagnostics))
	if err != nil {
		resp.Diagnostics.Append(diag.WithPath(path.Root("source"),
			failure("plan the copy of", imageName(plan.Source.ValueString()), err)))
		return
	}
	plan.setDigest(wanted)
	switch {
	case state != nil && state.Digest == plan.Digest:
		plan.Platforms = state.Platforms
	default:
		plan.Platforms = types.ListUnknown(types.StringType)
		r.data.pulls.WillMake(plan.Destination.ValueString(), wanted)
		resp.Diagnostics.Append(mayMove(state, *plan)...)
		resp.Diagnostics.Append(r.replaces(ctx, state, *plan, seen.get(ctx, copiedKey, &resp.Diagnostics))...)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// keep plans no change until the source and the destination are known, or unknown values.
func (m *imageCopyModel) keep(state *imageCopyModel) {
	if state != nil && state.Source == m.Source {
		m.Digest, m.Reference, m.Platforms = state.Digest, state.Reference, state.Platforms
		return
	}
	m.Digest, m.Reference = types.StringUnknown(), types.StringUnknown()
	m.Platforms = types.ListUnknown(types.StringType)
}

// wanted returns the digest to copy to the destination. For an existing copy, it is the one that the last
// refresh found at the source, so that the plan and its apply, which plans again, agree.
func (r *imageCopyResource) wanted(ctx context.Context, state, plan *imageCopyModel, seen string) (string, error) {
	digest := pinned(plan.Source)
	switch {
	case digest != "":
	case state != nil && seen != "" && state.Source == plan.Source:
		digest = seen
	default:
		source, err := r.data.pulls.Head(ctx, plan.Source.ValueString())
		if err != nil {
			return "", err
		}
		digest = source.Digest
	}
	if own := pinned(plan.Destination); own != "" && own != digest {
		return "", fmt.Errorf("the source has the digest %s, but the destination asks for %s: a copy never changes "+
			"a digest", digest, own)
	}
	return digest, nil
}

// mayMove warns of a first copy by a tag that is expected to move: the apply plans again and would get
// another digest, which the CLI refuses with a message that blames the provider.
func mayMove(state *imageCopyModel, plan imageCopyModel) diag.Diagnostics {
	source := plan.Source.ValueString()
	image, err := imageref.Parse(source)
	if err != nil || image.Digest != "" || imageref.Versioned(image.Tag) || state != nil && state.Source == plan.Source {
		return nil
	}
	return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(path.Root("source"),
		fmt.Sprintf("The tag of %s may move before the apply", source),
		"If it does, the CLI refuses to apply (\"Provider produced inconsistent final plan\"), and nothing is copied: plan "+
			"again. To copy what this plan shows in any case, give the source by its digest:\n\n  "+imageref.Pin(source, plan.Digest.ValueString()))}
}

// replaces warns of an image at the destination that is not the planned one. copied is the digest that this
// resource copied last.
func (r *imageCopyResource) replaces(ctx context.Context, state *imageCopyModel, plan imageCopyModel, copied string) diag.Diagnostics {
	destination, wanted := plan.Destination.ValueString(), plan.Digest.ValueString()
	if state == nil {
		held, err := r.data.pulls.Head(ctx, destination)
		if err != nil || held.Digest == wanted { // nothing there, or the apply reports the error
			return nil
		}
		return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(path.Root("destination"),
			fmt.Sprintf("Copying to %s replaces %s", destination, held.Digest),
			fmt.Sprintf("The destination has another image:\n\n  found:   %s\n  planned: %s\n\nTo keep it, choose "+
				"another destination.",
				held.Digest, wanted))}
	}
	held := state.Digest.ValueString()
	var diags diag.Diagnostics
	if copied != "" && held != copied && held != wanted {
		diags.AddAttributeWarning(path.Root("destination"), fmt.Sprintf("The copy %s was overwritten", destination),
			fmt.Sprintf("Another image was pushed there since it was copied:\n\n  copied:  %s\n  found:   %s\n  planned: %s",
				copied, held, wanted))
	}
	if copied != "" && wanted != copied && state.Source == plan.Source {
		diags.AddAttributeWarning(path.Root("source"), fmt.Sprintf("The image %s has moved", plan.Source.ValueString()),
			fmt.Sprintf("Its tag now points to another image than the one that was copied:\n\n  copied:  %s\n  planned: "+
				"%s\n\nTo keep the copied one, give the source by its digest: %s", copied, wanted, imageref.Pin(plan.Source.ValueString(), copied)))
	}
	return diags
}
