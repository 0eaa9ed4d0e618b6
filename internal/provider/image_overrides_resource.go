package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// imageOverridesResource is harnessci_image_overrides: all overrides of one module and infra.
type imageOverridesResource struct{ configuredResource }

var (
	_ resource.ResourceWithConfigure   = (*imageOverridesResource)(nil)
	_ resource.ResourceWithIdentity    = (*imageOverridesResource)(nil)
	_ resource.ResourceWithImportState = (*imageOverridesResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*imageOverridesResource)(nil)
)

func newImageOverridesResource() resource.Resource { return &imageOverridesResource{} }

// Metadata names the resource.
func (r *imageOverridesResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_image_overrides"
}

// Schema describes the resource.
func (r *imageOverridesResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages all image overrides of a module and infra: the plan shows every override that `images` " +
			"does not list, and the apply resets it. A change takes at most one request to store and one to reset, and is " +
			"verified. Destroying the resource resets every override that the last refresh showed, including those added by " +
			"hand.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Module and infra, such as `ci/K8`.",
			},
			"module": moduleAttribute(),
			"infra":  infraAttribute(),
			"images": schema.MapAttribute{
				Required:    true,
				ElementType: types.StringType,
				Validators: []validator.Map{
					noNullImages{},
					mapvalidator.KeysAre(storedFieldValidator()),
					mapvalidator.ValueStringsAre(imageValidator()),
				},
				MarkdownDescription: "Image to run for each field, such as `gitCloneTag = " +
					"\"harness/drone-git:1.6.9-rootless\"`; the data source `harnessci_default_images` lists the " +
					"fields. Fields that are not listed run the default; with an empty map, all of them do.",
			},
			"resets": schema.MapAttribute{
				Computed:    true,
				ElementType: types.StringType,
				MarkdownDescription: "Overrides that the apply resets to the default because `images` does not " +
					"list them: the current image of each field. Nothing else is reset. In the state, those that " +
					"the last apply has reset.",
			},
			"restored": schema.BoolAttribute{
				Computed: true,
				MarkdownDescription: "Known after apply if the apply stores the images again although nothing else changes, because " +
					"another object in the state has the same override and is destroyed or left behind. In the state, whether the " +
					"last apply did.",
			},
		},
	}
}

// IdentitySchema describes what identifies a set among those of all accounts.
func (r *imageOverridesResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: scopeIdentityAttributes()}
}

// Create stores the set.
func (r *imageOverridesResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan imageOverridesModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	plan.Restored = types.BoolValue(false)
	owned := ownership{r.data, resp.Identity, resp.Private}
	made := r.replace(ctx, owned, plan, nil, &resp.Diagnostics)
	// A state with an error would be tainted: the next apply would reset every override that works before
	// it stores any. Without a state, it adopts what is stored and writes what is missing.
	if resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(createdInPart(plan.scope(), plan.images(), made.images())...)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, made)...)
	owned.made(ctx, plan, true, &resp.Diagnostics)
}

// Read refreshes the images. A set with nothing left in it is an empty set.
func (r *imageOverridesResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state imageOverridesModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	scope, owned := state.scope(), ownership{r.data, resp.Identity, resp.Private}
	if resp.Diagnostics.HasError() || !owned.require(ctx, state, &resp.Diagnostics) {
		return
	}
	owned.keep(ctx, state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.data.known() {
		return
	}
	images, err := owned.existing(ctx, scope, state.images(), &resp.Diagnostics)
	resp.Diagnostics.Append(r.data.oddities()...)
	if err != nil {
		resp.Diagnostics.Append(r.data.stopped("read the image overrides", scope, err))
		return
	}
	r.data.reported.refresh(scope, images)
	images = maps.Clone(images) // it is shared
	for field, image := range owned.refusedResets(ctx, &resp.Diagnostics) {
		if _, listed := state.images()[field]; !listed && images[field] == image {
			delete(images, field)
		}
	}
	owned.refreshed(ctx, scope, slices.Collect(maps.Keys(images)), &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state.withImages(images))...)
}

// Update stores what changed and resets what is no longer listed. An override that was added since
// the plan stays: no plan has shown its reset.
func (r *imageOverridesResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state imageOverridesModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() ||
		!(ownership{r.data, req.Identity, req.Private}).may(ctx, "set the image overrides", plan, &resp.Diagnostics) {
		return
	}
	if plan.Restored.IsUnknown() {
		plan.Restored = types.BoolValue(true)
	}
	plan = r.replace(ctx, ownership{r.data, resp.Identity, resp.Private}, plan, state.images(), &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	ownership{r.data, resp.Identity, resp.Private}.made(ctx, plan, false, &resp.Diagnostics)
}

// Delete resets what the state lists, and nothing else.
func (r *imageOverridesResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state imageOverridesModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	scope, images := state.scope(), state.images()
	owned := ownership{r.data, req.Identity, req.Private}
	if resp.Diagnostics.HasError() || !owned.may(ctx, "reset the image overrides", state, &resp.Diagnostics) {
		return
	}
	if shared := owned.leaves(ctx, state, &resp.Diagnostics); len(shared) > 0 {
		resp.Diagnostics.Append(leftToAnother(targets{scope, shared}))
		maps.DeleteFunc(images, func(field, _ string) bool { return slices.Contains(shared, field) })
	}
	owned.resetting(ctx, scope, images, &resp.Diagnostics)
	change := overridesChange{execconfig.NewChange(images, nil), true}
	found, _ := r.data.account.Overrides(ctx, scope) // without it, the resets go on
	failed, _ := errors.AsType[execconfig.FieldErrors](r.data.account.ResetAll(ctx, scope, change.Reset))
	resp.Diagnostics.Append(r.data.notices()...)
	resp.Diagnostics.Append(change.failures(r.data, scope, failed)...)
	if resp.Diagnostics.HasError() {
		images = r.data.account.Settled(ctx, scope, change.After(images, failed))
		resp.Diagnostics.Append(resp.State.Set(ctx, state.withImages(images))...)
		return
	}
	for field := range failed {
		delete(images, field)
	}
	resp.Diagnostics.Append(overwritten(scope, found, images, nil)...)
}

// replace stores the planned images and returns the model with what is then stored: the plan, unless there
// was an error. before has the images of the state, nil without one. Only what the plan has shown is reset.
func (r *imageOverridesResource) replace(
	ctx context.Context, owned ownership, plan imageOverridesModel, before map[string]string, diags *diag.Diagnostics,
) imageOverridesModel {
	plan.ID = plan.plannedID()
	shown := plan.resets()
	if plan.Resets.IsUnknown() {
		plan.Resets = imagesValue(nil)
	}
	scope := plan.scope()
	if !r.data.requireKnown("set the image overrides "+scope.String(), diags) {
		return plan.withImages(before)
	}
	images, err := r.data.account.Existing(ctx, scope, before, before != nil && owned.showsDefaults(ctx, diags))
	if err != nil {
		diags.Append(r.data.failure("read the image overrides", scope, err))
		return plan.withImages(before)
	}
	change := overridesChange{Change: execconfig.NewChange(images, plan.images())}
	change.Change = change.LeaveNewcomers(shown)
	refused := owned.refusedResets(ctx, diags)
	maps.DeleteFunc(change.Left, func(field, image string) bool { return refused[field] == image })
	absent := r.data.verifyWrites(ctx, scope, change.Set, imagesPath.AtMapKey, diags)
	err = r.data.account.Replace(ctx, scope, change.without(absent))
	diags.Append(r.data.notices()...)
	failed, ok := errors.AsType[execconfig.FieldErrors](err)
	if err != nil && !ok {
		diags.Append(r.data.failure("set the image overrides", scope, err))
		return plan.withImages(images)
	}
	failed = joined(failed, absent)
	if stored := stored(plan.images(), failed); before == nil && stored > 0 && interrupted(failed) {
		diags.Append(createdUntilInterrupt(scope, stored, len(plan.images()), failed))
		return plan
	}
	diags.Append(change.failures(r.data, scope, failed)...)
	diags.Append(change.newcomers(scope)...)
	remember(ctx, owned.private, refusedKey, change.refused(refused, failed), diags)
	if !diags.HasError() {
		return plan
	}
	return plan.withImages(r.data.account.Settled(ctx, scope, change.After(images, failed)))
}

// imageOverridesModel is a harnessci_image_overrides, in configuration, plan and state.
type imageOverridesModel struct {
	ID       types.String `tfsdk:"id"`
	Module   types.String `tfsdk:"module"`
	Infra    types.String `tfsdk:"infra"`
	Images   types.Map    `tfsdk:"images"`
	Resets   types.Map    `tfsdk:"resets"`
	Restored types.Bool   `tfsdk:"restored"`
}

// newImageOverridesModel returns the model of a set whose images are not known yet.
func newImageOverridesModel(scope harness.Scope) imageOverridesModel {
	return imageOverridesModel{
		ID:       types.StringValue(scope.String()),
		Module:   types.StringValue(string(scope.Module)),
		Infra:    infraValue(scope),
		Images:   types.MapNull(types.StringType),
		Resets:   imagesValue(nil),
		Restored: types.BoolValue(false),
	}
}

// scope returns the module and infra that the set owns; only valid when plannedID is known.
func (m imageOverridesModel) scope() harness.Scope { return scopeOf(m.Module, m.Infra) }

// plannedID returns the id that the set will have; unknown while one of its parts is.
func (m imageOverridesModel) plannedID() types.String {
	if m.Module.IsUnknown() || m.Infra.IsUnknown() {
		return types.StringUnknown()
	}
	return types.StringValue(m.scope().String())
}

// subject is the module and infra.
func (m imageOverridesModel) subject() fmt.Stringer { return m.scope() }

// check says what is wrong with the names of module and infra.
func (m imageOverridesModel) check() error {
	_, err := checkScope(m.Module.ValueString(), m.Infra.ValueString())
	return err
}

// restored is the attribute of that name.
func (m imageOverridesModel) restored() types.Bool { return m.Restored }

// exclusive: the set owns all overrides of its module and infra.
func (m imageOverridesModel) exclusive() bool { return true }

// values returns the listed images by field, each of which may be unknown; none while the whole
// map is.
func (m imageOverridesModel) values() map[string]types.String {
	elements := m.Images.Elements()
	values := make(map[string]types.String, len(elements))
	for field, element := range elements {
		if value, ok := element.(types.String); ok {
			values[field] = value
		}
	}
	return values
}

// images returns the listed images by field, "" for one that is not known yet.
func (m imageOverridesModel) images() map[string]string {
	values := m.values()
	images := make(map[string]string, len(values))
	for field, value := range values {
		images[field] = value.ValueString()
	}
	return images
}

// resets returns what the plan shows as reset, by field.
func (m imageOverridesModel) resets() map[string]string {
	m.Images = m.Resets
	return m.images()
}

// withImages returns the model with other images.
func (m imageOverridesModel) withImages(images map[string]string) imageOverridesModel {
	m.Images = imagesValue(images)
	return m
}

// imagesValue returns images by field as an attribute's value.
func imagesValue(images map[string]string) types.Map {
	elements := make(map[string]attr.Value, len(images))
	for field, image := range images {
		elements[field] = types.StringValue(image)
	}
	return types.MapValueMust(types.StringType, elements)
}

// imageOverridesIdentity identifies a harnessci_image_overrides among those of all accounts.
type imageOverridesIdentity struct {
	AccountID types.String `tfsdk:"account_id"`
	Module    types.String `tfsdk:"module"`
	Infra     types.String `tfsdk:"infra"`
}

// identity returns the imageOverridesIdentity that the set has in an account.
func (m imageOverridesModel) identity(account types.String) any {
	return imageOverridesIdentity{AccountID: account, Module: m.Module, Infra: infraValue(m.scope())}
}

// ImportState parses the id or the identity; the Read that follows finds the images, of which there may be
// none.
func (r *imageOverridesResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	scope, ok := importScope(ctx, req, r.data, &resp.Diagnostics)
	if !ok || !r.data.requireKnown("import the image overrides "+scope.String(), &resp.Diagnostics) {
		return
	}
	model := newImageOverridesModel(scope)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, model.identity(types.StringValue(r.data.accountID)))...)
}

// importScope returns what is to be imported, named by id or by identity.
func importScope(
	ctx context.Context, req resource.ImportStateRequest, data *providerData, diags *diag.Diagnostics,
) (scope harness.Scope, ok bool) {
	var err error
	if importsByID(req) {
		scope, err = parseScopeID(req.ID)
	} else {
		var identity imageOverridesIdentity
		diags.Append(req.Identity.Get(ctx, &identity)...)
		scope, err = checkScope(identity.Module.ValueString(), identity.Infra.ValueString())
		requireAccount(identity.AccountID, data, diags)
	}
	if err != nil {
		diags.AddError("Could not import image overrides: invalid id", text.Sentence(err.Error()))
	}
	return scope, !diags.HasError()
}

const scopeIDForms = "The id of a set of overrides is module/infra, such as ci/K8, or infra, such as K8, for the module ci; " +
	"for the module dbops it is dbops."

// parseScopeID reads a set's id, as written for an import: "ci/K8", or "K8" for ci. Errors say what is
// wrong with it and list the valid forms.
func parseScopeID(id string) (harness.Scope, error) {
	module, infra, found := strings.Cut(id, "/")
	if !found && harness.Module(id).HasInfras() {
		module, infra = string(harness.CI), id
	}
	scope, err := checkScope(module, infra)
	if err != nil {
		return harness.Scope{}, fmt.Errorf("in %s, %w. %s", text.Quote(id), err, scopeIDForms)
	}
	return scope, nil
}
