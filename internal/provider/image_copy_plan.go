package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
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

// ModifyPlan shows what the apply copies, and what it replaces.
func (r *imageCopyResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var state, plan *imageCopyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || plan == nil {
		return
	}
	plan.ID = plan.Destination
	if !plan.Destination.IsUnknown() && resp.Identity != nil {
		resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	}
	var diags diag.Diagnostics
	if plan.Source.IsUnknown() || plan.Destination.IsUnknown() || !r.data.known() || r.data.registry == nil {
		plan.keep(state)
	} else {
		diags = r.plan(ctx, state, plan, copyMemory{req.Private})
		diags = r.data.toleratedInDestroy(diags)
	}
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// keep plans no change until the source and the destination are known, or unknown values.
func (m *imageCopyModel) keep(state *imageCopyModel) {
	if state != nil && state.Source == m.Source && state.Destination == m.Destination {
		m.Digest, m.Reference, m.Platforms = state.Digest, state.Reference, state.Platforms
		return
	}
	m.Digest, m.Reference = types.StringUnknown(), types.StringUnknown()
	m.Platforms = types.ListUnknown(types.StringType)
}

// plan fills in the image that the apply copies.
func (r *imageCopyResource) plan(ctx context.Context, state, plan *imageCopyModel, memory copyMemory) (diags diag.Diagnostics) {
	source, destination := plan.Source.ValueString(), plan.Destination.ValueString()
	if other, both := r.data.copies.claim(source, destination); both {
		return append(diags, twice(destination, source, other))
	}
	copied := memory.image(ctx, copiedKey, &diags)
	wanted, err := r.wanted(ctx, state, plan, memory.image(ctx, sourceKey, &diags))
	if err != nil {
		plan.keep(state)
		return append(diags, diag.WithPath(path.Root("source"), r.data.failure("plan the copy of", imageName(source), err)))
	}
	if wanted.Digest == "" {
		plan.keep(nil)
		return append(diags, notAsked(source, "The digests of new copies are known after apply.", wanted.unknown))
	}
	image, err := r.described(ctx, plan, wanted.copiedImage, copied)
	if err != nil {
		plan.setDigest(image.Digest)
		return append(diags, diag.WithPath(path.Root("source"), r.data.failure("copy the image", imageName(source), newCopyError(ctx, *plan, err))))
	}
	plan.setDigest(image.Digest)
	if state != nil && state.Destination != plan.Destination {
		moved := *state // the new destination has no state
		plan.planPlatforms(nil, image)
		return append(diags, r.planCopy(ctx, &moved, nil, plan, image, copied)...)
	}
	plan.planPlatforms(state, image)
	if state != nil && state.Digest == plan.Digest && state.Platforms.Equal(plan.Platforms) && state.Signatures == plan.Signatures {
		return diags
	}
	return append(diags, r.planCopy(ctx, state, state, plan, image, copied)...)
}

// planPlatforms plans the platforms of an image; the state's, if they are not known and the image stays.
func (m *imageCopyModel) planPlatforms(state *imageCopyModel, image copiedImage) {
	switch {
	case image.Described:
		m.setPlatforms(image.Platforms)
	case state != nil && state.Digest == m.Digest:
		m.Platforms = state.Platforms
	default:
		m.Platforms = types.ListUnknown(types.StringType)
	}
}

// planCopy records what the apply makes, and warns of what stands in its way. before is the copy, perhaps to another
// destination, and state what is at this one.
func (r *imageCopyResource) planCopy(
	ctx context.Context, before, state, plan *imageCopyModel, image, copied copiedImage,
) (diags diag.Diagnostics) {
	destination := plan.Destination.ValueString()
	r.data.pulls.WillMake(destination, image.Digest)
	r.data.copies.willMake(destination, image)
	diags.Append(r.checkPush(ctx, destination)...)
	diags.Append(mayMove(before, *plan)...)
	if state != nil {
		return append(diags, replaces(*state, *plan, copied.Digest)...)
	}
	return append(diags, r.overwrites(ctx, *plan)...)
}

// wantedImage is what a plan copies; without a digest, its source could not be asked.
type wantedImage struct {
	copiedImage
	unknown error
}

// wanted returns the image to copy. For an existing copy, it is the one that the last refresh found at the source, so
// that the plan and its apply, which plans again, agree.
func (r *imageCopyResource) wanted(ctx context.Context, state, plan *imageCopyModel, seen copiedImage) (wantedImage, error) {
	source := plan.Source.ValueString()
	image := copiedImage{Digest: pinned(plan.Source)}
	if made, ok := r.data.copies.makes(source); ok {
		image = made
	}
	if image.Digest == "" && state != nil && state.Source == plan.Source {
		image = seen
	}
	if image.Digest == "" {
		named, err := r.lookAtSource(ctx, source)
		if silent(err) {
			return wantedImage{unknown: err}, nil
		}
		if err != nil {
			return wantedImage{}, err
		}
		image.Digest = named.Digest
	}
	if own := pinned(plan.Destination); own != "" && own != image.Digest {
		return wantedImage{}, fmt.Errorf("the source has the digest %s, but the destination asks for %s: a copy never changes "+
			"a digest", image.Digest, own)
	}
	return wantedImage{copiedImage: image}, nil
}

// lookAtSource asks for the digest of a source, with its registry's words if there is none.
func (r *imageCopyResource) lookAtSource(ctx context.Context, source string) (named registry.Descriptor, err error) {
	err = r.data.pulls.Ask(ctx, source, func(ctx context.Context, client *registry.Client) error {
		named, err = client.Head(ctx, source)
		return err
	})
	return named, err
}

// silent reports whether a registry did not answer, which may be different in the apply.
func silent(err error) bool {
	if _, ok := errors.AsType[*pulls.SilentError](err); ok {
		return true
	}
	kind, ok := registry.KindOf(err)
	return ok && (kind == registry.Unreachable || kind == registry.RateLimited)
}

// described adds what is known of an image, or costs no pull to find out. The error is that the source no longer has it.
func (r *imageCopyResource) described(ctx context.Context, plan *imageCopyModel, image, copied copiedImage) (copiedImage, error) {
	switch {
	case image.Described:
		return image, nil
	case image.Digest == copied.Digest && copied.Described:
		return copied, nil
	}
	found, err := r.inspect(ctx, imageref.Pin(plan.Source.ValueString(), image.Digest))
	switch {
	case err == nil && found.Described:
		return found, nil
	case pulls.IsMissing(err):
		return image, err
	}
	return image, nil // platforms are known after the copy
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

// overwrites warns of another image at a new destination.
func (r *imageCopyResource) overwrites(ctx context.Context, plan imageCopyModel) diag.Diagnostics {
	destination, wanted := plan.Destination.ValueString(), plan.Digest.ValueString()
	held, err := r.peek(ctx, destination)
	if err != nil || held.Digest == wanted { // nothing there, or checkPush and the apply tell why not
		return nil
	}
	return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(path.Root("destination"),
		fmt.Sprintf("Copying to %s replaces %s", destination, held.Digest),
		fmt.Sprintf("The destination has another image:\n\n  found:   %s\n  planned: %s\n\nTo keep it, choose another destination.",
			held.Digest, wanted))}
}

// replaces warns of what happened to a copy or its source. copied is the digest that this resource copied last.
func replaces(state, plan imageCopyModel, copied string) (diags diag.Diagnostics) {
	destination, wanted, held := plan.Destination.ValueString(), plan.Digest.ValueString(), state.Digest.ValueString()
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
	if held == wanted && !state.Platforms.Equal(plan.Platforms) && !plan.Platforms.IsUnknown() {
		diags.AddAttributeWarning(path.Root("destination"), fmt.Sprintf("The copy %s is not whole", destination),
			"The destination still has the index, but no longer all images in it. A cleanup that deletes untagged images is the "+
				"usual cause: exempt this repository, or it will happen again. The apply sends what is missing.")
	}
	return diags
}
