package provider

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

// The values of on_destroy.
const (
	destroyKeep   = "keep"
	destroyDelete = "delete"
)

// imageCopyModel is a harnessci_image_copy, in configuration, plan and state.
type imageCopyModel struct {
	ID          types.String   `tfsdk:"id"`
	Source      types.String   `tfsdk:"source"` // null after an import
	Destination types.String   `tfsdk:"destination"`
	Signatures  types.Bool     `tfsdk:"signatures"`
	OnDestroy   types.String   `tfsdk:"on_destroy"`
	Digest      types.String   `tfsdk:"digest"`
	Reference   types.String   `tfsdk:"reference"`
	Platforms   types.List     `tfsdk:"platforms"`
	Timeouts    timeouts.Value `tfsdk:"timeouts"`
}

// imageCopyIdentity identifies a copy.
type imageCopyIdentity struct {
	Destination types.String `tfsdk:"destination"`
}

func (m *imageCopyModel) identity() imageCopyIdentity { return imageCopyIdentity{m.Destination} }

// setImage records the image at the destination.
func (m *imageCopyModel) setImage(image registry.Image) {
	m.ID = m.Destination
	m.setDigest(image.Digest)
	platforms := make([]attr.Value, 0, len(image.Platforms))
	for _, platform := range image.Platforms {
		platforms = append(platforms, types.StringValue(platform))
	}
	m.Platforms = types.ListValueMust(types.StringType, platforms)
}

// setDigest records a digest, and the reference that follows from it.
func (m *imageCopyModel) setDigest(digest string) {
	m.Digest = types.StringValue(digest)
	m.Reference = types.StringValue(imageref.Pin(m.Destination.ValueString(), digest))
}

// image returns the image that the model records at the destination.
func (m *imageCopyModel) image() registry.Image {
	var image registry.Image
	image.Digest = m.Digest.ValueString()
	for _, element := range m.Platforms.Elements() {
		if platform, ok := element.(types.String); ok {
			image.Platforms = append(image.Platforms, platform.ValueString())
		}
	}
	return image
}

// pinned returns the digest in a reference; "" if it has only a tag.
func pinned(ref types.String) string {
	image, err := imageref.Parse(ref.ValueString())
	if err != nil {
		return ""
	}
	return image.Digest
}

// bothEnds is what a read found at source and destination.
type bothEnds struct {
	image  registry.Image // at the destination
	source string         // the digest at the source; "" if unknown
}

// look asks both ends at once; the source only if its tag may have moved. A source that does not answer or
// is gone is no error, since the copy exists. The error is that of the destination.
func (r *imageCopyResource) look(ctx context.Context, state imageCopyModel) (bothEnds, error) {
	var found bothEnds
	var other sync.WaitGroup
	if source := state.Source; !source.IsNull() && pinned(source) == "" {
		other.Go(func() {
			if named, err := r.data.pulls.Head(ctx, source.ValueString()); err == nil {
				found.source = named.Digest
			}
		})
	} else {
		found.source = pinned(source)
	}
	destination := state.Destination.ValueString()
	held, err := r.data.pulls.Head(ctx, destination)
	switch {
	case err != nil:
	case held.Digest == state.Digest.ValueString():
		found.image = state.image()
	default:
		found.image, err = r.data.registry.Inspect(ctx, destination)
	}
	other.Wait()
	return found, err
}

// Keys of a copy's private state: the digest that was copied, and the one that the source had when last
// read. A plan copies the latter, and so does its apply.
const (
	copiedKey = "copied"
	sourceKey = "source"
	// attachedKey is the references copied along with the image because of signatures.
	attachedKey = "attached"
)

// copyMemory is what is stored of a copy besides its attributes.
type copyMemory struct{ private privateState }

// record stores what was copied.
func (m copyMemory) record(ctx context.Context, copied registry.CopyResult) (diags diag.Diagnostics) {
	diags.Append(m.set(ctx, copiedKey, copied.Digest)...)
	diags.Append(m.set(ctx, sourceKey, copied.Digest)...)
	return append(diags, m.set(ctx, attachedKey, copied.Attached)...)
}

// see records what a read found at the source. What an import finds counts as copied.
func (m copyMemory) see(ctx context.Context, found bothEnds) (diags diag.Diagnostics) {
	if m.get(ctx, copiedKey, &diags) == "" {
		diags.Append(m.set(ctx, copiedKey, found.image.Digest)...)
	}
	if found.source != "" {
		diags.Append(m.set(ctx, sourceKey, found.source)...)
	}
	return diags
}

func (m copyMemory) get(ctx context.Context, key string, diags *diag.Diagnostics) (digest string) {
	m.load(ctx, key, &digest, diags)
	return digest
}

// load reads a value; it changes nothing if none was stored.
func (m copyMemory) load(ctx context.Context, key string, into any, diags *diag.Diagnostics) {
	value, more := m.private.GetKey(ctx, key)
	diags.Append(more...)
	_ = json.Unmarshal(value, into) // nothing was stored
}

func (m copyMemory) set(ctx context.Context, key string, value any) diag.Diagnostics {
	content, err := json.Marshal(value)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("What was copied cannot be stored", err.Error())}
	}
	return m.private.SetKey(ctx, key, content)
}
