package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

// madeCopy is what a copy has made at a destination, and is to be deleted.
type madeCopy struct {
	Reference string              `json:"reference"` // with its digest
	Attached  []registry.Attached `json:"attached,omitempty"`
}

// previous returns what a state has made.
func (r *imageCopyResource) previous(ctx context.Context, state imageCopyModel, private privateState, diags *diag.Diagnostics) madeCopy {
	made := madeCopy{Reference: state.Reference.ValueString()}
	made.Attached = recall[[]registry.Attached](ctx, private, attachedKey, diags)
	return made
}

// leave deletes what a copy has made at its previous destination. Nothing that goes wrong stops the move: what has to stay
// for now is recorded and tried again with the next change.
func (r *imageCopyResource) leave(ctx context.Context, previous madeCopy, private privateState) diag.Diagnostics {
	return r.leaveKept(ctx, private, []madeCopy{previous})
}

// leaveKept deletes what earlier changes have kept, and more.
func (r *imageCopyResource) leaveKept(ctx context.Context, private privateState, more []madeCopy) (diags diag.Diagnostics) {
	var still []madeCopy
	kept := recall[[]madeCopy](ctx, private, keptKey, &diags)
	for _, previous := range append(kept, more...) {
		gone, found := r.remove(ctx, previous)
		diags.Append(asWarnings(found)...)
		if !gone {
			still = append(still, previous)
		}
	}
	if more == nil && len(kept) == 0 {
		return diags
	}
	if more != nil {
		remember(ctx, private, keptKey, still, &diags)
	}
	return diags
}

// asWarnings turns errors into warnings.
func asWarnings(found diag.Diagnostics) (diags diag.Diagnostics) {
	for _, one := range found {
		diags.AddWarning(one.Summary(), one.Detail())
	}
	return diags
}

// remove deletes what a copy has made, unless builds pull it or somebody else has pushed there. gone is false if it
// should be tried again later.
func (r *imageCopyResource) remove(ctx context.Context, previous madeCopy) (gone bool, diags diag.Diagnostics) {
	destination, _, _ := strings.Cut(previous.Reference, "@")
	if _, made := r.data.copies.makes(previous.Reference); made {
		return true, nil // by another copy of this run
	}
	users, err := r.data.pulledBy(ctx, previous.Reference)
	if err != nil {
		diags.AddWarning("Kept the image copy "+destination, "It could not be found out whether builds pull it: "+
			explain(nil, err)+"\n\nDelete it in the registry if it is no longer needed.")
		return false, diags
	}
	if len(users) > 0 {
		diags.AddWarning("Kept the image copy "+destination, "Builds pull it, so it was not deleted:\n\n  "+strings.Join(users, "\n  ")+
			"\n\nDelete it in the registry once nothing pulls it.")
		return false, diags
	}
	shared := true
	if len(previous.Attached) > 0 {
		others, err := r.data.registry.Sharing(ctx, previous.Reference)
		shared = err != nil || len(others) > 0
	}
	err = r.data.registry.Delete(ctx, previous.Reference)
	r.data.pulls.Changed(destination)
	kind, _ := registry.KindOf(err)
	switch {
	case err == nil, pulls.IsMissing(err):
	case kind == registry.Mismatch:
		diags.Append(notDeleted(destination, previous.Reference))
		return true, diags
	case kind == registry.Shared:
		diags.AddWarning("Did not delete the image copy "+destination+" alone", explain(imageName(destination), err)+
			"\n\nThe image goes when the last of its tags that this configuration manages does. If others have the rest, delete "+
			"the tag in the registry.")
		return true, diags
	default:
		diags.Append(r.data.failure("delete the image copy", imageName(destination), deleteError{err}))
		return false, diags
	}
	if !shared { // else another tag of the image has the same signatures
		diags.Append(r.removeAttached(ctx, previous.Attached)...)
	}
	return true, diags
}

// removeAttached deletes what was copied along with an image, as far as it is still the same.
func (r *imageCopyResource) removeAttached(ctx context.Context, attached []registry.Attached) (diags diag.Diagnostics) {
	var left []string
	for _, one := range attached {
		err := r.data.registry.Delete(ctx, imageref.Pin(one.Ref, one.Digest))
		if kind, _ := registry.KindOf(err); err != nil && kind != registry.Mismatch && !pulls.IsMissing(err) {
			left = append(left, err.Error())
		}
	}
	if left != nil {
		diags.AddWarning("Could not delete all signatures of an image copy", "The image is deleted, and these are left:\n\n  "+
			strings.Join(left, "\n  ")+"\n\nDelete them in the registry.")
	}
	return diags
}

// pulledBy returns the fields for which builds pull an image: by their override, or their default if there is none.
func (d *providerData) pulledBy(ctx context.Context, reference string) ([]string, error) {
	through, err := d.connector.Effective(ctx)
	if err != nil {
		return nil, err
	}
	var users []string
	for _, module := range harness.Modules() {
		for _, infra := range module.Infras() {
			scope := harness.Scope{Module: module, Infra: infra}
			overrides, err := d.account.Overrides(ctx, scope)
			if err != nil {
				return nil, err
			}
			defaults, err := d.account.Defaults(ctx, scope)
			if err != nil {
				return nil, err
			}
			images := maps.Clone(defaults)
			if images == nil {
				images = map[string]string{}
			}
			maps.Copy(images, overrides)
			for field, image := range images {
				if !sameImage(imageref.Resolve(through.URL, image).Image, reference) {
					continue
				}
				kind := "the default of"
				if _, overridden := overrides[field]; overridden {
					kind = "the override of"
				}
				users = append(users, fmt.Sprintf("%s %s", kind, execconfig.Target{Scope: scope, Field: field}))
			}
		}
	}
	slices.Sort(users)
	return users, nil
}

// sameImage reports whether what is pulled is the image of a reference with tag and digest.
func sameImage(pulled, reference string) bool {
	a, err := imageref.Parse(pulled)
	b, other := imageref.Parse(reference)
	if err != nil || other != nil || imageref.CanonicalHost(a.Registry) != imageref.CanonicalHost(b.Registry) || a.Repository != b.Repository {
		return false
	}
	if a.Digest != "" {
		return a.Digest == b.Digest
	}
	return a.Tag == b.Tag
}
