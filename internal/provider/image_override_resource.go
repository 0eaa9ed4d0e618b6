package provider

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
)

// imageOverrideResource is harnessci_image_override: the image of one field.
type imageOverrideResource struct{ configuredResource }

var (
	_ resource.ResourceWithConfigure   = (*imageOverrideResource)(nil)
	_ resource.ResourceWithIdentity    = (*imageOverrideResource)(nil)
	_ resource.ResourceWithImportState = (*imageOverrideResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*imageOverrideResource)(nil)
)

func newImageOverrideResource() resource.Resource { return &imageOverrideResource{} }

// Metadata names the resource.
func (r *imageOverrideResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_image_override"
}

// Schema describes the resource.
func (r *imageOverrideResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The image that Harness runs for one field, instead of the default. Writes of one account are gathered, " +
			"serial and verified, so that none is lost. Destroying the resource resets the field to the default.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Module, infra and field, such as `ci/K8/gitCloneTag`.",
			},
			"module": moduleAttribute(),
			"infra":  infraAttribute(),
			"field": schema.StringAttribute{
				Required:      true,
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators:    []validator.String{fieldValidator()},
				MarkdownDescription: "Field to override, such as `gitCloneTag`; the data source `harnessci_default_images` lists them. " +
					"Another field makes another override.",
			},
			"value": schema.StringAttribute{
				Required:            true,
				Validators:          []validator.String{imageValidator()},
				MarkdownDescription: "Image to run, such as `harness/drone-git:1.6.9-rootless`.",
			},
		},
	}
}

// IdentitySchema describes what names an override among those of all accounts.
func (r *imageOverrideResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	attributes := scopeIdentityAttributes()
	attributes["field"] = identityschema.StringAttribute{
		RequiredForImport: true,
		Description:       "Overridden field, such as gitCloneTag.",
	}
	resp.IdentitySchema = identityschema.Schema{Attributes: attributes}
}

// ModifyPlan tells the id as soon as its parts are known, and what the server has to say about the
// image. It plans nothing for what belongs to another account: with -refresh=false, no Read has
// looked at that.
func (r *imageOverrideResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var state, plan *imageOverrideModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if state != nil {
		ownership{req.Identity, req.Private}.require(ctx, r.data, state.target(), &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if plan != nil {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("id"), plan.plannedID())...)
	}
	resp.Diagnostics.Append(r.check(ctx, state, plan)...)
}

// Create stores the override.
func (r *imageOverrideResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan imageOverrideModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !r.store(ctx, &plan, &resp.Diagnostics) {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(ownership{resp.Identity, resp.Private}.record(ctx, r.data, plan.identity)...)
}

// Read takes over what the server holds. Only an override that is really gone leaves the state.
func (r *imageOverrideResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state imageOverrideModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	target, owned := state.target(), ownership{resp.Identity, resp.Private}
	if resp.Diagnostics.HasError() || !owned.require(ctx, r.data, target, &resp.Diagnostics) {
		return
	}
	resp.Diagnostics.Append(owned.record(ctx, r.data, state.identity)...)
	if resp.Diagnostics.HasError() || !r.data.known() {
		return
	}
	shows := owned.showsDefaults(ctx, r.data, &resp.Diagnostics)
	standing, err := r.data.account.Standing(ctx, target.Scope, state.images(), shows)
	image, stands := standing[target.Field]
	switch {
	case err != nil:
		resp.Diagnostics.Append(r.data.failure("read the image override", target, err))
	case stands:
		state.Value = types.StringValue(image)
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	case state.Value.IsNull():
		resp.Diagnostics.Append(r.nothingToImport(ctx, target))
	default:
		resp.State.RemoveResource(ctx)
	}
}

// Update stores another image.
func (r *imageOverrideResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan imageOverrideModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() ||
		!(ownership{req.Identity, req.Private}).require(ctx, r.data, plan.target(), &resp.Diagnostics) ||
		!r.store(ctx, &plan, &resp.Diagnostics) {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(ownership{resp.Identity, resp.Private}.record(ctx, r.data, plan.identity)...)
}

// Delete resets the field to the default.
func (r *imageOverrideResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state imageOverrideModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	target := state.target()
	if resp.Diagnostics.HasError() ||
		!r.data.requireKnown("reset the image override "+target.String(), &resp.Diagnostics) ||
		!(ownership{req.Identity, req.Private}).require(ctx, r.data, target, &resp.Diagnostics) {
		return
	}
	err := r.data.account.Reset(ctx, target.Scope, target.Field, state.Value.ValueString())
	resp.Diagnostics.Append(r.data.notices()...)
	if _, kept := errors.AsType[*execconfig.KeptError](err); kept {
		resp.Diagnostics.Append(keptBack("the image override", target))
		return
	}
	if err != nil {
		resp.Diagnostics.Append(r.data.failure("reset the image override", target, err))
	}
}

// store sends the planned image and reports whether the server has it, as far as can be known:
// what it acknowledged and nobody could verify is a warning, for an error would taint it.
func (r *imageOverrideResource) store(ctx context.Context, plan *imageOverrideModel, diags *diag.Diagnostics) bool {
	plan.ID = plan.plannedID()
	target := plan.target()
	if !r.data.requireKnown("set the image override "+target.String(), diags) {
		return false
	}
	err := r.data.verifyWrites(ctx, map[string]string{target.Field: plan.Value.ValueString()})[target.Field]
	if err == nil {
		err = r.data.account.Set(ctx, target.Scope, target.Field, plan.Value.ValueString())
	}
	diags.Append(r.data.notices()...)
	if _, ok := errors.AsType[*execconfig.UnverifiedError](err); ok {
		diags.Append(unverified("the image override", target, err))
		return true
	}
	if err != nil {
		diags.Append(r.data.failure("set the image override", target, err))
	}
	return err == nil
}
