package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
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
				Required:      true,
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators:    []validator.String{copiedImageValidator()},
				MarkdownDescription: "Reference to copy the image to, with a tag or a digest; usually the result " +
					"of the function `mirror_image`. Changing this forces a new resource.",
			},
			"signatures": schema.BoolAttribute{
				Optional: true,
				Computed: true,
				Default:  booldefault.StaticBool(false),
				MarkdownDescription: "Whether to copy signatures and attestations as well: cosign's `.sig`, `.att` " +
					"and `.sbom` tags, and referrers. If the destination loses any of them, the next plan shows it " +
					"and the apply copies them again. Those added at the source later come with the next copy. " +
					"Defaults to `false`.",
			},
			"on_destroy": schema.StringAttribute{
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString(destroyKeep),
				Validators: []validator.String{stringvalidator.OneOf(destroyKeep, destroyDelete)},
				MarkdownDescription: "What happens to the copy when the resource is destroyed: `\"keep\"` leaves it there, " +
					"`\"delete\"` deletes it if the destination still has `digest`. Defaults to `\"keep\"`.",
			},
			"digest": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Digest of the image, the same at source and destination. Known in the plan if `source` " +
					"is.",
			},
			"reference": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Destination with its digest, such as `registry.example.com/mirror/harness/ci-addon:1.16.92@sha256:…`.",
			},
			"platforms": schema.ListAttribute{
				Computed:            true,
				ElementType:         types.StringType,
				MarkdownDescription: "Platforms of the image, sorted, such as `linux/amd64`.",
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
	r.apply(ctx, req.Plan, timeouts.Value.Create, resp)
}

// Read refreshes the image at the destination. Only a copy that is really gone leaves the state.
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
	found, err := r.look(ctx, state)
	switch {
	case pulls.IsMissing(err) && state.Source.IsNull():
		resp.Diagnostics.Append(failure("import the image copy", imageName(state.Destination.ValueString()), err))
	case pulls.IsMissing(err):
		resp.State.RemoveResource(ctx)
	case err != nil:
		resp.Diagnostics.Append(failure("read the image copy", imageName(state.Destination.ValueString()), err))
	default:
		if found.image.Digest == state.Digest.ValueString() {
			r.readAttached(ctx, &state, copyMemory{req.Private}, &resp.Diagnostics)
		}
		state.setImage(found.image)
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
		resp.Diagnostics.Append(copyMemory{resp.Private}.see(ctx, found)...)
	}
}

// Update copies another image, or nothing if only the settings changed.
func (r *imageCopyResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	r.apply(ctx, req.Plan, timeouts.Value.Update, (*resource.CreateResponse)(resp))
}

// Delete keeps or deletes the copy, according to on_destroy. An image that somebody else pushed under the
// tag stays.
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
	err := r.data.registry.Delete(ctx, imageref.Pin(destination, state.Digest.ValueString()))
	r.data.pulls.Changed(destination)
	if kind, _ := registry.KindOf(err); err != nil && kind == registry.Mismatch {
		resp.Diagnostics.Append(notDeleted(state))
		return
	}
	if err != nil && !pulls.IsMissing(err) {
		resp.Diagnostics.Append(failure("delete the image copy", imageName(destination), deleteError{err}))
	}
}

// apply makes the planned copy and records it.
func (r *imageCopyResource) apply(
	ctx context.Context, planned tfsdk.Plan, timeoutOf func(timeouts.Value, context.Context, time.Duration) (time.Duration, diag.Diagnostics),
	resp *resource.CreateResponse,
) {
	var plan imageCopyModel
	resp.Diagnostics.Append(planned.Get(ctx, &plan)...)
	timeout, diags := timeoutOf(plan.Timeouts, ctx, copyTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	copied, ok := r.copy(ctx, &plan, timeout, &resp.Diagnostics)
	if !ok {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	resp.Diagnostics.Append(copyMemory{resp.Private}.record(ctx, copied)...)
}

// copy brings the planned digest to the destination; false if that failed.
func (r *imageCopyResource) copy(
	ctx context.Context, plan *imageCopyModel, timeout time.Duration, diags *diag.Diagnostics,
) (copied registry.CopyResult, ok bool) {
	destination := plan.Destination.ValueString()
	if !r.data.requireRegistries("copy the image "+plan.Source.ValueString(), diags) {
		return copied, false
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, copyTooSlow{timeout})
	defer cancel()
	if plan.Digest.IsUnknown() { // the source was not known at plan
		source, err := r.data.pulls.Head(ctx, plan.Source.ValueString())
		if err != nil {
			diags.Append(failure("copy the image", imageName(plan.Source.ValueString()), err))
			return copied, false
		}
		plan.Digest = types.StringValue(source.Digest)
	}
	copied, err := r.data.registry.Copy(ctx, plan.Source.ValueString(), destination, registry.CopyOptions{
		Digest: plan.Digest.ValueString(), Signatures: plan.Signatures.ValueBool(),
	})
	r.data.pulls.Changed(destination)
	var held registry.Image
	if err == nil {
		held, err = r.data.registry.Inspect(ctx, destination)
	}
	if err != nil {
		diags.Append(failure("copy the image", imageName(plan.Source.ValueString()), newCopyError(ctx, *plan, err)))
		return copied, false
	}
	plan.setImage(held)
	return copied, true
}
