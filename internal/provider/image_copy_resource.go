package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// Default time limits of a copy's operations.
const (
	copyTimeout   = 30 * time.Minute
	lookUpTimeout = 5 * time.Minute
)

// imageCopyResource is harnessci_image_copy: an image copied from one registry to another.
type imageCopyResource struct{ configuredResource }

var (
	_ resource.ResourceWithConfigure      = (*imageCopyResource)(nil)
	_ resource.ResourceWithIdentity       = (*imageCopyResource)(nil)
	_ resource.ResourceWithImportState    = (*imageCopyResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*imageCopyResource)(nil)
	_ resource.ResourceWithValidateConfig = (*imageCopyResource)(nil)
)

func newImageCopyResource() resource.Resource { return &imageCopyResource{} }

// Metadata names the resource.
func (r *imageCopyResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_image_copy"
	resp.ResourceBehavior.MutableIdentity = true // a changed destination is copied to before the previous one is deleted
}

// Schema describes the resource.
func (r *imageCopyResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages a copy of an image in another registry: byte for byte, with all its " +
			"platforms and attestations, under the same digest. The plan shows the digest, and the apply copies " +
			"exactly that one. The tag is written last, so it never points to an incomplete image.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Destination, such as `registry.example.com/mirror/harness/ci-addon:1.16.92`.",
			},
			"source": schema.StringAttribute{
				Required:   true,
				Validators: []validator.String{copiedImageValidator()},
				MarkdownDescription: "Image to copy, with a tag or a digest, such as `harness/ci-addon:1.16.92`. " +
					"If its tag moves, the next plan shows an update with both digests. A digest never moves.",
			},
			"destination": schema.StringAttribute{
				Required:   true,
				Validators: []validator.String{copiedImageValidator()},
				MarkdownDescription: "Reference to copy the image to, with a tag or a digest; usually the result " +
					"of the function `mirror_image`. If it changes, the image is copied to the new destination first; " +
					"then `on_destroy` says what happens to the previous one.",
			},
			"signatures": schema.StringAttribute{
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString(signaturesFalse),
				Validators: []validator.String{stringvalidator.OneOf(signaturesTrue, signaturesFalse, signaturesWhenSupported)},
				MarkdownDescription: "Whether to copy signatures and attestations as well: cosign's `.sig`, `.att` " +
					"and `.sbom` tags, and referrers. With `\"when_supported\"`, those that the destination refuses are left " +
					"out with a warning; with `\"true\"`, they fail the copy before the tag is written. If the destination " +
					"loses any of them, or somebody overwrites one, the next plan shows it and the apply copies them again. " +
					"Those added at the source later come with the next copy. Defaults to `\"false\"`.",
			},
			"on_destroy": schema.StringAttribute{
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString(destroyKeep),
				Validators: []validator.String{stringvalidator.OneOf(destroyKeep, destroyDelete)},
				MarkdownDescription: "What happens to the copy when the resource is destroyed, or gets another destination: " +
					"`\"keep\"` leaves it there, without asking the registry; `\"delete\"` deletes it, with its signatures, if " +
					"the destination still has `digest`. An image that builds pull is never deleted, but kept with a warning. " +
					"Defaults to `\"keep\"`.",
			},
			"digest": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Digest of the image, the same at source and destination. Known in the plan if `source` " +
					"is, and its registry answers.",
			},
			"reference": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Destination with its digest, such as `registry.example.com/mirror/harness/ci-addon:1.16.92@sha256:…`.",
			},
			"platforms": schema.ListAttribute{
				Computed:    true,
				ElementType: types.StringType,
				MarkdownDescription: "Platforms of the image that the destination has, sorted, such as `linux/amd64`. If a " +
					"cleanup deletes one from under the index, the plan shows that, and the apply sends what is missing. Known in " +
					"the plan, except for a new image from Docker Hub or Amazon ECR Public, where asking would count as a pull.",
			},
			"timeouts": copyTimeouts(ctx),
		},
	}
}

// copyTimeouts is the attribute timeouts of a copy.
func copyTimeouts(ctx context.Context) schema.Attribute {
	return describedTimeouts(timeouts.AttributesAll(ctx), "Time limits of the operations, each a duration such as `45m` or `1h30m`.",
		map[string]string{
			"create": "Time limit for the copy. Defaults to `30m`.",
			"read":   "Time limit for reading from both registries. Defaults to `5m`.",
			"update": "Time limit for copying again. Defaults to `30m`.",
			"delete": "Time limit for the deletion. Defaults to `5m`.",
		})
}

// IdentitySchema describes what identifies a copy.
func (r *imageCopyResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"destination": identityschema.StringAttribute{
			RequiredForImport: true,
			Description:       "Destination of the copy, such as registry.example.com/mirror/harness/ci-addon:1.16.92.",
		},
	}}
}

// Create copies the image.
func (r *imageCopyResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan imageCopyModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	timeout, diags := plan.Timeouts.Create(ctx, copyTimeout)
	resp.Diagnostics.Append(diags...)
	private := resp.Private
	if resp.Diagnostics.HasError() || !r.copy(ctx, &plan, true, timeout, private, &resp.Diagnostics) {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

// Update copies another image, what is missing, or nothing if only the settings changed. A new destination has the
// image before the previous one is deleted.
func (r *imageCopyResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var state, plan imageCopyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	timeout, diags := plan.Timeouts.Update(ctx, copyTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	private := resp.Private
	previous := r.previous(ctx, state, private, &resp.Diagnostics)
	moved := state.Destination != plan.Destination
	if moved || state.Digest != plan.Digest || !state.Platforms.Equal(plan.Platforms) || state.Signatures != plan.Signatures {
		thorough := moved || state.Digest == plan.Digest // else what is there already is known to be whole
		if !r.copy(ctx, &plan, thorough, timeout, private, &resp.Diagnostics) {
			return
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	if moved && plan.OnDestroy.ValueString() == destroyDelete {
		resp.Diagnostics.Append(r.leave(ctx, previous, private)...)
	}
}

// Delete keeps or deletes the copy, according to on_destroy. An image that somebody else pushed under the
// tag stays, and so does one that builds pull.
func (r *imageCopyResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state imageCopyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Delete(ctx, lookUpTimeout)
	resp.Diagnostics.Append(diags...)
	destination := state.Destination.ValueString()
	if resp.Diagnostics.HasError() || state.OnDestroy.ValueString() != destroyDelete ||
		!r.data.requireRegistries("delete the image copy "+destination, &resp.Diagnostics) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	private := req.Private
	_, removal := r.remove(ctx, r.previous(ctx, state, private, &resp.Diagnostics))
	resp.Diagnostics.Append(removal...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(r.leaveKept(ctx, private, nil)...)
	}
}

// copy brings the planned digest to the destination and records it; false if that failed.
func (r *imageCopyResource) copy(
	ctx context.Context, plan *imageCopyModel, thorough bool, timeout time.Duration, private privateState, diags *diag.Diagnostics,
) bool {
	source, destination := plan.Source.ValueString(), plan.Destination.ValueString()
	if !r.data.requireRegistries("copy the image "+source, diags) {
		return false
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, copyTooSlow{timeout})
	defer cancel()
	if plan.Digest.IsUnknown() { // the source was not known at plan
		named, err := r.data.registry.Head(ctx, source)
		if err != nil {
			diags.Append(r.data.failure("copy the image", imageName(source), err))
			return false
		}
		plan.Digest = types.StringValue(named.Digest)
	}
	if err := r.data.judgeCopy(ctx, *plan, false); err != nil {
		diags.Append(r.data.failure("copy the image", imageName(source), newCopyError(ctx, *plan, err)))
		return false
	}
	signed, whenSupported := plan.signed()
	image, known := r.data.copies.makes(imageref.Pin(destination, plan.Digest.ValueString()))
	if last := recall[copiedImage](ctx, private, copiedKey, diags); last.Digest == plan.Digest.ValueString() && last.Described {
		image, known = last, true
	}
	_, absent := r.data.copies.absent.LoadAndDelete(pulls.FullName(destination))
	copied, err := r.data.registry.Copy(ctx, source, destination, registry.CopyOptions{
		Digest: plan.Digest.ValueString(), Signatures: signed, WhenSupported: whenSupported, Thorough: thorough,
		Absent: absent, Describe: !known || !image.Described, Progress: copyProgress(ctx, destination),
	})
	r.data.pulls.Changed(destination)
	if err != nil {
		diags.Append(r.data.failure("copy the image", imageName(source), newCopyError(ctx, *plan, err)))
		return false
	}
	logCopied(ctx, destination, copied)
	diags.Append(copyWarnings(destination, copied)...)
	if copied.Image != nil {
		image = copiedImageOf(*copied.Image)
	}
	image.Digest = copied.Digest
	plan.setDigest(copied.Digest)
	if plan.Platforms.IsUnknown() {
		plan.setPlatforms(image.Platforms)
	}
	remember(ctx, private, copiedKey, image, diags)
	remember(ctx, private, sourceKey, image, diags)
	if signed {
		remember(ctx, private, attachedKey, copied.Attached, diags)
	}
	return true
}

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
