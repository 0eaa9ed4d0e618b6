package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/harnessci/terraform-provider-harnessci/internal/flight"
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
		r.data.findings.begin()
		diags = r.plan(ctx, state, plan, req.Private)
		diags.Append(warnings(r.data.findings.end(nil))...)
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
func (r *imageCopyResource) plan(ctx context.Context, state, plan *imageCopyModel, private privateState) (diags diag.Diagnostics) {
	source, destination := plan.Source.ValueString(), plan.Destination.ValueString()
	if other, both := r.data.copies.claim(source, destination); both {
		return append(diags, twice(destination, source, other))
	}
	copied := recall[copiedImage](ctx, private, copiedKey, &diags)
	wanted, err := r.wanted(ctx, state, plan, recall[copiedImage](ctx, private, sourceKey, &diags))
	if err != nil {
		plan.keep(state)
		return append(diags, diag.WithPath(path.Root("source"), r.data.failure("plan the copy of", imageName(source), err)))
	}
	if wanted.Digest == "" {
		plan.keep(nil)
		r.notAsked("source", source, "The digests of these new copies are known after apply, because their sources could not be asked:", wanted.unknown)
		return diags
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
	diags.Append(r.data.judgePlannedCopy(ctx, *plan)...)
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
		if silent(err) && r.data.command != savedPlanCommand {
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
	err = r.ask(ctx, source, func(ctx context.Context, client *registry.Client) error {
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
	case pulls.IsMissing(err), silent(err) && r.data.command == savedPlanCommand:
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
	if pulls.IsMissing(err) { // the apply plans again right before it copies
		r.data.copies.absent.Store(pulls.FullName(destination), true)
	}
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

// Read refreshes the image at the destination. Only a copy that is really gone leaves the state; one that cannot be
// looked at keeps it, with a warning, so that a dead registry stops nothing.
func (r *imageCopyResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state imageCopyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Read(ctx, lookUpTimeout)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if resp.Diagnostics.HasError() || !r.data.known() || r.data.registry == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	private := resp.Private
	if state.Source.IsNull() {
		r.readImported(ctx, &state, private, resp)
		return
	}
	r.data.findings.begin()
	defer func() { resp.Diagnostics.Append(warnings(r.data.findings.end(nil))...) }()
	var source sync.WaitGroup
	var seen copiedImage
	planned, last := state, recall[copiedImage](ctx, private, sourceKey, &resp.Diagnostics)
	source.Go(func() { seen = r.readSource(ctx, planned, last) })
	held, err := r.held(ctx, state.Destination.ValueString())
	copied := recall[copiedImage](ctx, private, copiedKey, &resp.Diagnostics)
	switch {
	case pulls.IsMissing(err):
		source.Wait()
		resp.State.RemoveResource(ctx)
		return
	case err != nil:
		r.notAsked("destination", state.Destination.ValueString(), "The plan takes these copies as the last apply left them:", err)
	case held.Digest == copied.Digest && held.Digest == state.Digest.ValueString():
		r.readPlatforms(ctx, &state, copied)
		r.readAttached(ctx, &state, private, &resp.Diagnostics)
	case held.Digest != state.Digest.ValueString():
		state.setDigest(held.Digest)
		if held.Digest == copied.Digest {
			r.readPlatforms(ctx, &state, copied)
		} else if image, err := r.inspect(ctx, state.Reference.ValueString()); err == nil && image.Described {
			state.setPlatforms(image.Platforms)
		}
	}
	source.Wait()
	if seen.Digest != last.Digest {
		remember(ctx, private, sourceKey, seen, &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// held returns what the destination has, with its registry's words if it is gone.
func (r *imageCopyResource) held(ctx context.Context, destination string) (held registry.Descriptor, err error) {
	err = r.data.pulls.Ask(ctx, destination, func(ctx context.Context, client *registry.Client) error {
		held, err = client.Head(ctx, destination)
		return err
	})
	return held, err
}

// readImported fills the state after an import. What it finds counts as copied.
func (r *imageCopyResource) readImported(ctx context.Context, state *imageCopyModel, private privateState, resp *resource.ReadResponse) {
	found, err := r.data.registry.Inspect(ctx, state.Destination.ValueString())
	if err != nil {
		resp.Diagnostics.Append(r.data.failure("import the image copy", imageName(state.Destination.ValueString()), err))
		return
	}
	image := copiedImageOf(found)
	state.setDigest(image.Digest)
	state.setPlatforms(image.Platforms)
	r.readPlatforms(ctx, state, image)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	remember(ctx, private, copiedKey, image, &resp.Diagnostics)
}

// readSource returns what the source has now, if its tag may have moved, else what it last had. A source that is gone
// changes nothing, since the copy exists.
func (r *imageCopyResource) readSource(ctx context.Context, state imageCopyModel, last copiedImage) copiedImage {
	source := state.Source.ValueString()
	if pinned(state.Source) != "" {
		return last
	}
	named, err := r.peek(ctx, source)
	if err != nil {
		if pulls.IsMissing(err) {
			return last
		}
		r.notAsked("source", source, "The plan takes these tags as they were when last seen:", err)
		return last
	}
	if named.Digest == last.Digest {
		return last
	}
	seen := copiedImage{Digest: named.Digest}
	if image, err := r.inspect(ctx, imageref.Pin(source, named.Digest)); err == nil && image.Described {
		seen = image
	}
	return seen
}

// readPlatforms records the platforms that are there: a cleanup may have deleted some from under the index.
func (r *imageCopyResource) readPlatforms(ctx context.Context, state *imageCopyModel, copied copiedImage) {
	if !copied.Described {
		return
	}
	if len(copied.Children) == 0 {
		state.setPlatforms(copied.Platforms)
		return
	}
	refs := make([]string, len(copied.Children))
	for i, child := range copied.Children {
		refs[i] = imageref.Pin(state.Destination.ValueString(), child.Digest)
	}
	lost := map[string]bool{}
	for i, err := range flight.Each(refs, func(ref string) error { _, err := r.peek(ctx, ref); return err }) {
		switch {
		case pulls.IsMissing(err):
			lost[copied.Children[i].Platform] = true
		case err != nil:
			r.notAsked("destination", refs[i], "The plan takes the platforms of these copies as the last apply left them:", err)
			return
		}
	}
	state.setPlatforms(slices.DeleteFunc(slices.Clone(copied.Platforms), func(platform string) bool { return lost[platform] }))
}

// readAttached checks that the destination still has what was copied along with the image. If not, it sets
// signatures to false, so that the plan shows that the apply copies it again.
func (r *imageCopyResource) readAttached(ctx context.Context, state *imageCopyModel, private privateState, diags *diag.Diagnostics) {
	if signed, _ := state.signed(); !signed {
		return
	}
	attached := recall[[]registry.Attached](ctx, private, attachedKey, diags)
	type look struct {
		held registry.Descriptor
		err  error
	}
	looks := flight.Each(attached, func(one registry.Attached) look {
		held, err := r.peek(ctx, one.Ref)
		return look{held, err}
	})
	var lost []string
	for i, look := range looks {
		switch {
		case pulls.IsMissing(look.err):
			lost = append(lost, "gone:        "+attached[i].Ref)
		case look.err != nil:
			r.notAsked("destination", attached[i].Ref, "The plan takes these signatures as the last apply left them:", look.err)
			return
		case look.held.Digest != attached[i].Digest && !attached[i].List:
			lost = append(lost, "overwritten: "+attached[i].Ref)
		}
	}
	if len(lost) == 0 {
		return
	}
	state.Signatures = types.StringValue(signaturesFalse)
	diags.AddAttributeWarning(path.Root("signatures"), fmt.Sprintf("Signatures of %s are gone or overwritten", state.Destination.ValueString()),
		"The destination no longer has what was copied along with the image:\n\n  "+strings.Join(lost, "\n  ")+
			"\n\nThe plan shows it as signatures = \"false\", and the apply copies it again.")
}

// Keys of a copy's private state: the image that was copied, and the one that the source had when last read. A plan
// copies the latter, and so does its apply.
const (
	copiedKey = "copied"
	sourceKey = "source"
	// attachedKey is what was copied along with the image because of signatures.
	attachedKey = "attached"
	// keptKey has the previous destinations that a change should have deleted, but builds pulled.
	keptKey = "kept"
)

// copiedImage is what is known of an image.
type copiedImage struct {
	Digest string `json:"digest"`
	// Described: the rest is known.
	Described bool             `json:"described,omitempty"`
	Platforms []string         `json:"platforms,omitempty"`
	Children  []registry.Child `json:"children,omitempty"`
}

func copiedImageOf(image registry.Image) copiedImage {
	return copiedImage{Digest: image.Digest, Described: true, Platforms: image.Platforms, Children: image.Children}
}

// copyProgress writes to Terraform's log how far a copy is.
func copyProgress(ctx context.Context, destination string) func(registry.Progress) {
	return func(p registry.Progress) {
		tflog.Info(ctx, "Copying an image", map[string]any{
			"destination": destination, "sent_bytes": p.Sent, "total_bytes": p.Total, "bytes_per_second": rate(p.Sent, p.Took),
		})
	}
}

// logCopied writes to Terraform's log what a copy took.
func logCopied(ctx context.Context, destination string, copied registry.CopyResult) {
	tflog.Info(ctx, "Copied an image", map[string]any{
		"destination": destination, "digest": copied.Digest, "was_there": copied.Skipped, "mounted_blobs": copied.Mounted,
		"sent_bytes": copied.BytesSent, "bytes_per_second": rate(copied.BytesSent, copied.Took), "duration_ms": copied.Took.Milliseconds(),
	})
}

func rate(bytes int64, took time.Duration) int64 {
	return int64(float64(bytes) / max(took.Seconds(), 0.001))
}

// copyWarnings are about a copy that succeeded.
func copyWarnings(destination string, copied registry.CopyResult) (diags diag.Diagnostics) {
	if copied.Unseen != nil {
		diags.AddAttributeWarning(path.Root("destination"), fmt.Sprintf("The copy %s does not show yet", destination),
			"The registry acknowledged the image, but did not show it within some seconds: "+explain(nil, copied.Unseen)+
				"\n\nThe state has the copy. The next plan looks again.")
	}
	if len(copied.LeftOut) > 0 {
		var left []string
		for _, err := range copied.LeftOut {
			left = append(left, err.Error())
		}
		diags.AddAttributeWarning(path.Root("signatures"), fmt.Sprintf("The destination refuses signatures of %s", destination),
			"With signatures = \"when_supported\", the image was copied without them:\n\n  "+strings.Join(left, "\n  "))
	}
	if copied.Unlisted != nil {
		diags.AddAttributeWarning(path.Root("signatures"), fmt.Sprintf("Signatures for %s may be missing", destination),
			"The source does not list its tags, so only cosign's usual ones were looked for: "+explain(nil, copied.Unlisted))
	}
	return diags
}
