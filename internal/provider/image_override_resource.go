package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
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
		MarkdownDescription: "Manages the image that Harness runs for one field instead of the default. Writes to an account " +
			"are batched, sent one at a time and verified, so none is lost. Destroying the resource resets the field to the " +
			"default.",
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
				MarkdownDescription: "Field to override, such as `gitCloneTag`; the data source `harnessci_default_images` " +
					"lists them. Changing this forces a new resource.",
			},
			"value": schema.StringAttribute{
				Required:            true,
				Validators:          []validator.String{imageValidator()},
				MarkdownDescription: "Image to run, such as `harness/drone-git:1.6.9-rootless`.",
			},
			"restored": schema.BoolAttribute{
				Computed: true,
				MarkdownDescription: "Known after apply if the apply stores the image again although nothing else changes, because " +
					"another object in the state has the same override and is destroyed or left behind. In the state, whether the " +
					"last apply did.",
			},
		},
	}
}

// IdentitySchema describes what identifies an override among those of all accounts.
func (r *imageOverrideResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	attributes := scopeIdentityAttributes()
	attributes["field"] = identityschema.StringAttribute{
		RequiredForImport: true,
		Description:       "Overridden field, such as gitCloneTag.",
	}
	resp.IdentitySchema = identityschema.Schema{Attributes: attributes}
}

// Create stores the override.
func (r *imageOverrideResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan imageOverrideModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	plan.Restored = types.BoolValue(false)
	if resp.Diagnostics.HasError() || !r.store(ctx, &plan, &resp.Diagnostics) {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	ownership{r.data, resp.Identity, resp.Private}.made(ctx, plan, true, &resp.Diagnostics)
}

// Read refreshes the image. Only an override that is really gone leaves the state.
func (r *imageOverrideResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state imageOverrideModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	target, owned := state.target(), ownership{r.data, resp.Identity, resp.Private}
	if resp.Diagnostics.HasError() || !owned.require(ctx, state, &resp.Diagnostics) {
		return
	}
	owned.keep(ctx, state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.data.known() {
		return
	}
	existing, err := owned.existing(ctx, target.Scope, state.images(), &resp.Diagnostics)
	resp.Diagnostics.Append(r.data.oddities()...)
	image, exists := existing[target.Field]
	switch {
	case err != nil:
		resp.Diagnostics.Append(r.data.stopped("read the image override", target, err))
	case exists:
		r.data.reported.refresh(target.Scope, state.images())
		state.Value = types.StringValue(image)
		owned.refreshed(ctx, target.Scope, []string{target.Field}, &resp.Diagnostics)
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	case state.Value.IsNull():
		resp.Diagnostics.Append(r.nothingToImport(ctx, target))
	default:
		resp.State.RemoveResource(ctx)
	}
}

// Update stores another image.
func (r *imageOverrideResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state imageOverrideModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() ||
		!(ownership{r.data, req.Identity, req.Private}).may(ctx, "set the image override", plan, &resp.Diagnostics) {
		return
	}
	found := r.data.account.PlanImages(ctx, plan.scope()).Overrides // which the plan made in this apply has read
	if plan.Restored.IsUnknown() {
		plan.Restored = types.BoolValue(true)
	}
	if !r.store(ctx, &plan, &resp.Diagnostics) {
		return
	}
	resp.Diagnostics.Append(overwritten(plan.scope(), found, state.images(), plan.images())...)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	ownership{r.data, resp.Identity, resp.Private}.made(ctx, plan, false, &resp.Diagnostics)
}

// Delete resets the field to the default.
func (r *imageOverrideResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state imageOverrideModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	target, owned := state.target(), ownership{r.data, req.Identity, req.Private}
	if resp.Diagnostics.HasError() || !owned.may(ctx, "reset the image override", state, &resp.Diagnostics) {
		return
	}
	if slices.Contains(owned.leaves(ctx, state, &resp.Diagnostics), target.Field) {
		resp.Diagnostics.Append(leftToAnother(targets{target.Scope, []string{target.Field}}))
		return
	}
	owned.resetting(ctx, target.Scope, state.images(), &resp.Diagnostics)
	found, _ := r.data.account.Overrides(ctx, target.Scope) // without it, the reset goes on
	err := r.data.account.Reset(ctx, target.Scope, target.Field, state.Value.ValueString())
	resp.Diagnostics.Append(r.data.notices()...)
	if _, kept := errors.AsType[*owners.KeptError](err); kept {
		resp.Diagnostics.Append(keptBack("the image override", target))
		return
	}
	if refused, ok := errors.AsType[*execconfig.RefusedError](err); ok {
		resp.Diagnostics.Append(refusedReset("the image override", target, refused))
		return
	}
	if err != nil {
		resp.Diagnostics.Append(r.data.failure("reset the image override", target, err))
		return
	}
	resp.Diagnostics.Append(overwritten(target.Scope, found, state.images(), nil)...)
}

// store sends the planned image and reports whether it is stored. A write that was acknowledged but not
// verified is a warning, because an error would taint the resource.
func (r *imageOverrideResource) store(ctx context.Context, plan *imageOverrideModel, diags *diag.Diagnostics) bool {
	plan.ID = plan.plannedID()
	target := plan.target()
	if !r.data.requireKnown("set the image override "+target.String(), diags) {
		return false
	}
	at := func(string) path.Path { return path.Root("value") }
	err := r.data.verifyWrites(ctx, target.Scope, map[string]string{target.Field: plan.Value.ValueString()}, at, diags)[target.Field]
	if err == nil {
		err = r.data.account.Set(ctx, target.Scope, target.Field, plan.Value.ValueString())
	}
	diags.Append(r.data.notices()...)
	if _, ok := errors.AsType[*execconfig.UnverifiedError](err); ok {
		diags.Append(r.data.unverified("the image override", target, err))
		return true
	}
	if err != nil {
		diags.Append(r.data.failure("set the image override", target, err))
	}
	return err == nil
}

// imageOverrideModel is a harnessci_image_override, in configuration, plan and state.
type imageOverrideModel struct {
	ID       types.String `tfsdk:"id"`
	Module   types.String `tfsdk:"module"`
	Infra    types.String `tfsdk:"infra"`
	Field    types.String `tfsdk:"field"`
	Value    types.String `tfsdk:"value"`
	Restored types.Bool   `tfsdk:"restored"`
}

// newImageOverrideModel returns the model of an override whose image is not known yet.
func newImageOverrideModel(target execconfig.Target) imageOverrideModel {
	return imageOverrideModel{
		ID:       types.StringValue(target.String()),
		Module:   types.StringValue(string(target.Scope.Module)),
		Infra:    infraValue(target.Scope),
		Field:    types.StringValue(target.Field),
		Restored: types.BoolValue(false),
	}
}

// target identifies the override; only valid when plannedID is known.
func (m imageOverrideModel) target() execconfig.Target {
	return execconfig.Target{Scope: m.scope(), Field: m.Field.ValueString()}
}

// subject is the override.
func (m imageOverrideModel) subject() fmt.Stringer { return m.target() }

// check says what is wrong with the names of module, infra and field.
func (m imageOverrideModel) check() error {
	_, err := checkTarget(m.Module.ValueString(), m.Infra.ValueString(), m.Field.ValueString())
	return err
}

// scope returns the module and infra of the override.
func (m imageOverrideModel) scope() harness.Scope { return scopeOf(m.Module, m.Infra) }

// restored is the attribute of that name.
func (m imageOverrideModel) restored() types.Bool { return m.Restored }

// exclusive: other resources may have overrides of the same module and infra.
func (m imageOverrideModel) exclusive() bool { return false }

// plannedID returns the id that the model will have; unknown while one of its parts is.
func (m imageOverrideModel) plannedID() types.String {
	if m.Module.IsUnknown() || m.Infra.IsUnknown() || m.Field.IsUnknown() {
		return types.StringUnknown()
	}
	return types.StringValue(m.target().String())
}

// images returns the image by field; none while it is not known, as in an import.
func (m imageOverrideModel) images() map[string]string {
	if m.Value.IsNull() {
		return nil
	}
	return map[string]string{m.Field.ValueString(): m.Value.ValueString()}
}

// imageOverrideIdentity identifies a harnessci_image_override among those of all accounts.
type imageOverrideIdentity struct {
	AccountID types.String `tfsdk:"account_id"`
	Module    types.String `tfsdk:"module"`
	Infra     types.String `tfsdk:"infra"`
	Field     types.String `tfsdk:"field"`
}

// identity returns the imageOverrideIdentity that the override has in an account.
func (m imageOverrideModel) identity(account types.String) any {
	return imageOverrideIdentity{AccountID: account, Module: m.Module, Infra: infraValue(m.scope()), Field: m.Field}
}

// ModifyPlan checks the plan of an override and warns of its effects.
func (r *imageOverrideResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	modifyPlan[imageOverrideModel](ctx, r.data, req, resp)
}

// checks returns the image for the plan checks.
func (m imageOverrideModel) checks(before map[string]string, creating bool) []plannedImage {
	field, image := m.Field.ValueString(), m.Value.ValueString()
	return []plannedImage{{
		field:     field,
		fieldPath: path.Root("field"),
		image:     image,
		imagePath: path.Root("value"),
		creating:  creating,
		changes:   image == "" || image != before[field],
		before:    before[field],
	}}
}
