package provider

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
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
			"hand.\n\n~> **Conflict** This resource owns every override of its `module` and `infra`. Together with a " +
			"`harnessci_image_override`, or a second `harnessci_image_overrides`, of the same module and infra, each would " +
			"undo the other, so a plan or apply that sees both fails. Use either one set or single overrides for each module " +
			"and infra.",
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
	owned.remember(ctx, refusedKey, change.refused(refused, failed), diags)
	if !diags.HasError() {
		return plan
	}
	return plan.withImages(r.data.account.Settled(ctx, scope, change.After(images, failed)))
}
