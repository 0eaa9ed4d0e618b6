package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

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
	memory := copyMemory{resp.Private}
	if state.Source.IsNull() {
		r.readImported(ctx, &state, memory, resp)
		return
	}
	var source sync.WaitGroup
	var seen copiedImage
	var notSeen diag.Diagnostics
	planned, last := state, memory.image(ctx, sourceKey, &resp.Diagnostics)
	source.Go(func() { seen, notSeen = r.readSource(ctx, planned, last) })
	held, err := r.held(ctx, state.Destination.ValueString())
	copied := memory.image(ctx, copiedKey, &resp.Diagnostics)
	switch {
	case pulls.IsMissing(err):
		source.Wait()
		resp.State.RemoveResource(ctx)
		return
	case err != nil:
		resp.Diagnostics.Append(notAsked(state.Destination.ValueString(),
			"The plan takes the copies there as the last apply left them.", err))
	case held.Digest == copied.Digest && held.Digest == state.Digest.ValueString():
		r.readPlatforms(ctx, &state, copied, &resp.Diagnostics)
		r.readAttached(ctx, &state, memory, &resp.Diagnostics)
	case held.Digest != state.Digest.ValueString():
		state.setDigest(held.Digest)
		if held.Digest == copied.Digest {
			r.readPlatforms(ctx, &state, copied, &resp.Diagnostics)
		} else if image, err := r.inspect(ctx, state.Reference.ValueString()); err == nil && image.Described {
			state.setPlatforms(image.Platforms)
		}
	}
	source.Wait()
	resp.Diagnostics.Append(notSeen...)
	if seen.Digest != last.Digest {
		resp.Diagnostics.Append(memory.set(ctx, sourceKey, seen)...)
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
func (r *imageCopyResource) readImported(ctx context.Context, state *imageCopyModel, memory copyMemory, resp *resource.ReadResponse) {
	found, err := r.data.registry.Inspect(ctx, state.Destination.ValueString())
	if err != nil {
		resp.Diagnostics.Append(r.data.failure("import the image copy", imageName(state.Destination.ValueString()), err))
		return
	}
	image := copiedImageOf(found)
	state.setDigest(image.Digest)
	state.setPlatforms(image.Platforms)
	r.readPlatforms(ctx, state, image, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	resp.Diagnostics.Append(memory.set(ctx, copiedKey, image)...)
}

// readSource returns what the source has now, if its tag may have moved, else what it last had. A source that is gone
// changes nothing, since the copy exists.
func (r *imageCopyResource) readSource(ctx context.Context, state imageCopyModel, last copiedImage) (copiedImage, diag.Diagnostics) {
	source := state.Source.ValueString()
	if pinned(state.Source) != "" {
		return last, nil
	}
	named, err := r.peek(ctx, source)
	if err != nil {
		if pulls.IsMissing(err) {
			return last, nil
		}
		return last, diag.Diagnostics{notAsked(source, "The plan takes tags there as they were when last seen.", err)}
	}
	if named.Digest == last.Digest {
		return last, nil
	}
	seen := copiedImage{Digest: named.Digest}
	if image, err := r.inspect(ctx, imageref.Pin(source, named.Digest)); err == nil && image.Described {
		seen = image
	}
	return seen, nil
}

// readPlatforms records the platforms that are there: a cleanup may have deleted some from under the index.
func (r *imageCopyResource) readPlatforms(ctx context.Context, state *imageCopyModel, copied copiedImage, diags *diag.Diagnostics) {
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
	for i, err := range askForAll(refs, func(ref string) error { _, err := r.peek(ctx, ref); return err }) {
		switch {
		case pulls.IsMissing(err):
			lost[copied.Children[i].Platform] = true
		case err != nil:
			diags.Append(notAsked(refs[i], "The plan takes the platforms there as the last apply left them.", err))
			return
		}
	}
	state.setPlatforms(slices.DeleteFunc(slices.Clone(copied.Platforms), func(platform string) bool { return lost[platform] }))
}

// readAttached checks that the destination still has what was copied along with the image. If not, it sets
// signatures to false, so that the plan shows that the apply copies it again.
func (r *imageCopyResource) readAttached(ctx context.Context, state *imageCopyModel, memory copyMemory, diags *diag.Diagnostics) {
	if signed, _ := state.signed(); !signed {
		return
	}
	var attached []registry.Attached
	memory.load(ctx, attachedKey, &attached, diags)
	outcomes := make([]error, len(attached))
	digests := make([]string, len(attached))
	var all sync.WaitGroup
	for i, one := range attached {
		all.Go(func() {
			held, err := r.peek(ctx, one.Ref)
			digests[i], outcomes[i] = held.Digest, err
		})
	}
	all.Wait()
	var lost []string
	for i, err := range outcomes {
		switch {
		case pulls.IsMissing(err):
			lost = append(lost, "gone:        "+attached[i].Ref)
		case err != nil:
			diags.Append(notAsked(attached[i].Ref, "The plan takes the signatures there as the last apply left them.", err))
			return
		case digests[i] != attached[i].Digest && !attached[i].List:
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

// askForAll asks for all images at once, and returns the outcome of each in its place.
func askForAll(images []string, ask func(image string) error) []error {
	outcomes := make([]error, len(images))
	var all sync.WaitGroup
	for i, image := range images {
		all.Go(func() { outcomes[i] = ask(image) })
	}
	all.Wait()
	return outcomes
}
