package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
)

// The values of on_destroy.
const (
	destroyKeep   = "keep"
	destroyDelete = "delete"
)

// The values of signatures. A configuration may also have true and false.
const (
	signaturesTrue          = "true"
	signaturesFalse         = "false"
	signaturesWhenSupported = "when_supported"
)

// imageCopyModel is a harnessci_image_copy, in configuration, plan and state.
type imageCopyModel struct {
	ID          types.String   `tfsdk:"id"`
	Source      types.String   `tfsdk:"source"` // null after an import
	Destination types.String   `tfsdk:"destination"`
	Signatures  types.String   `tfsdk:"signatures"`
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

// setDigest records a digest, and the reference that follows from it.
func (m *imageCopyModel) setDigest(digest string) {
	m.ID = m.Destination
	m.Digest = types.StringValue(digest)
	m.Reference = types.StringValue(imageref.Pin(m.Destination.ValueString(), digest))
}

// setPlatforms records platforms, sorted.
func (m *imageCopyModel) setPlatforms(platforms []string) {
	values := make([]attr.Value, 0, len(platforms))
	for _, platform := range platforms {
		values = append(values, types.StringValue(platform))
	}
	m.Platforms = types.ListValueMust(types.StringType, values)
}

// signed reports whether signatures are copied, and whether those that the destination refuses are left out.
func (m *imageCopyModel) signed() (copied, whenSupported bool) {
	value := m.Signatures.ValueString()
	return value != signaturesFalse, value == signaturesWhenSupported
}

// pinned returns the digest in a reference; "" if it has only a tag.
func pinned(ref types.String) string {
	image, err := imageref.Parse(ref.ValueString())
	if err != nil {
		return ""
	}
	return image.Digest
}
