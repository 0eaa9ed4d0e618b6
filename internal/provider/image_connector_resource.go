package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/connector"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// imageConnectorResource is harnessci_image_connector: where builds pull Harness images from.
type imageConnectorResource struct{ configuredResource }

var (
	_ resource.ResourceWithConfigure      = (*imageConnectorResource)(nil)
	_ resource.ResourceWithIdentity       = (*imageConnectorResource)(nil)
	_ resource.ResourceWithImportState    = (*imageConnectorResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*imageConnectorResource)(nil)
	_ resource.ResourceWithMoveState      = (*imageConnectorResource)(nil)
	_ resource.ResourceWithValidateConfig = (*imageConnectorResource)(nil)
)

func newImageConnectorResource() resource.Resource { return &imageConnectorResource{} }

// Metadata names the resource.
func (r *imageConnectorResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_image_connector"
}

// Schema describes the resource.
func (r *imageConnectorResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages the account's image connector, `harnessImage`, through which every build pulls Harness " +
			"images. An existing connector is taken over in place. Harness tests new settings before builds see them. " +
			"Destroying the resource restores the connector that existed before it.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Identifier of the connector: always `harnessImage`.",
			},
			"url": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "URL of the registry, such as `https://registry.example.com/harness`. Harness puts its " +
					"host and path before every image name that does not contain that host; with " +
					"`https://index.docker.io/v2/`, names stay as they are.",
			},
			"username": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "User name to log in to the registry. Without `username` and `username_ref`, " +
					"images are pulled anonymously.",
			},
			"username_ref": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Reference to a secret with the user name, such as `account.registry_user`, " +
					"instead of `username`.",
			},
			"password_ref": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Reference to the secret with the password: `account.` followed by the " +
					"secret's identifier, such as `account.registry_password`. Required with a user name. A plain " +
					"password is refused.",
			},
			"delegate_selectors": schema.SetAttribute{
				Optional: true, Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Tags of the delegates that may use the connector. If omitted, the current ones are " +
					"kept.",
			},
			"execute_on_delegate": schema.BoolAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Whether a delegate connects to the registry, instead of the Harness " +
					"platform. Must be `false` for Harness Cloud: with `true`, every stage there fails. If " +
					"omitted, the current value is kept; a new connector gets `false`.",
			},
			"test_connection": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Whether Harness tests new settings, as a temporary connector `" + harness.ImageCandidate +
					"` before the change and as the image connector after it. If a test does not succeed, the previous " +
					"connector stays or is put back, and the apply fails. Defaults to `true`.",
			},
			"on_destroy": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(destroyRestore),
				Validators: []validator.String{stringvalidator.OneOf(destroyRestore, destroyKeep)},
				MarkdownDescription: "What a destroy does: `restore` (default) brings back the connector that existed before the " +
					"resource, or deletes the connector if there was none; `keep` leaves the connector as it is.",
			},
			"restores_url": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "URL of the connector that a destroy brings back, which the connector's description names too, for a " +
					"run that loses its state. Empty if there was none, so that a destroy " +
					"deletes the connector; null if a destroy keeps it. A login in the URL is hidden.",
			},
			"provider_type": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Kind of registry, as Harness names it: `DockerHub`, `Harbor`, `Quay` or `Other`.",
			},
			"status": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Outcome of the last connection test of these settings: `SUCCESS`, `FAILURE`, `PARTIAL` " +
					"or `PENDING`; `UNKNOWN` if they have not been tested since the last change, and `ABSENT` if the " +
					"connector has been deleted outside Terraform. Unless it is `SUCCESS`, the next apply tests again.",
			},
			"timeouts": connectorTimeouts(ctx),
		},
	}
}

// IdentitySchema describes what identifies the connector among those of all accounts.
func (r *imageConnectorResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"account_id": scopeIdentityAttributes()["account_id"],
		"identifier": identityschema.StringAttribute{
			RequiredForImport: true,
			Description:       "Identifier of the connector: harnessImage.",
		},
	}}
}

// imageConnector is the subject of messages about the connector.
type imageConnector struct{}

// String names it as within a sentence.
func (imageConnector) String() string { return "the image connector" }

// connectorTimeouts is the attribute timeouts of the connector.
func connectorTimeouts(ctx context.Context) schema.Attribute {
	const each = "Time limit for each connection test of "
	return describedTimeouts(timeouts.Attributes(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
		"Time limits of the connection tests, each a duration such as `90s` or `5m`. A test through a delegate may take a minute.",
		map[string]string{
			"create": each + "a create. Defaults to `3m`.", "update": each + "an update. Defaults to `3m`.",
			"delete": each + "what a destroy restores. Defaults to `3m`.",
		})
}

// describedTimeouts returns an attribute timeouts, described in Markdown like all others.
func describedTimeouts(attribute schema.Attribute, about string, each map[string]string) schema.Attribute {
	nested, ok := attribute.(schema.SingleNestedAttribute)
	if !ok {
		return attribute
	}
	nested.MarkdownDescription = about
	for name, description := range each {
		if limit, ok := nested.Attributes[name].(schema.StringAttribute); ok {
			limit.Description, limit.MarkdownDescription = "", description
			nested.Attributes[name] = limit
		}
	}
	return nested
}

// Create takes over the existing connector, or creates one. Once anything may be stored it reports problems
// as warnings: a CLI taints what an error leaves, and forgets the previous connector with it. The next plan
// then tests again.
func (r *imageConnectorResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan imageConnectorModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	result, err := r.change(ctx, plan, plan.Timeouts.Create, connector.Request{Edit: plan.edit}, &resp.Diagnostics)
	switch {
	case resp.Diagnostics.HasError():
		return
	case err != nil && !result.Touched:
		resp.Diagnostics.Append(r.data.failure("set the image connector", nil, connectorError{err}))
		return
	case err != nil:
		resp.Diagnostics.Append(brokenConnector(r.data.failure("set the image connector", nil, connectorError{err})))
	}
	memory := connectorMemory{Previous: before(result.Before), Recorded: true, Worked: workedAfter(result, err)}
	resp.Diagnostics.Append(memory.keep(ctx, resp.Private)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan.settled(result.After, memory))...)
	ownership{r.data, resp.Identity, resp.Private}.keep(ctx, plan, &resp.Diagnostics)
}

// Read refreshes the settings. A connector that is gone, or of another type now, stays in the state: only the
// state knows what a destroy restores.
func (r *imageConnectorResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state imageConnectorModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	owned := ownership{r.data, resp.Identity, resp.Private}
	if resp.Diagnostics.HasError() || !owned.require(ctx, state, &resp.Diagnostics) {
		return
	}
	owned.keep(ctx, state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.data.known() {
		return
	}
	found, err := r.data.connector.Shared(ctx)
	if err == nil && !found.IsRegistry() {
		found, err = r.data.connector.Read(ctx) // gone only if two reads say so
	}
	switch {
	case err != nil:
		resp.Diagnostics.Append(r.data.failure("read the image connector", nil, connectorError{err}))
		return
	case !found.IsRegistry() && state.isNew():
		resp.Diagnostics.Append(noConnectorToImport(found))
		return
	}
	memory := recallConnector(ctx, resp.Private, &resp.Diagnostics)
	if !memory.Recorded && found.IsRegistry() { // imported, or moved here
		memory = connectorMemory{Previous: before(found), Recorded: true}
		resp.Diagnostics.Append(memory.keep(ctx, resp.Private)...)
		resp.Diagnostics.Append(memory.lostLogin()...)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state.current(found).restoring(memory))...)
}

// Update changes the settings that differ, and tests those that are not known to work.
func (r *imageConnectorResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state imageConnectorModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() ||
		!(ownership{r.data, req.Identity, req.Private}).require(ctx, plan, &resp.Diagnostics) {
		return
	}
	memory := recallConnector(ctx, req.Private, &resp.Diagnostics)
	result, err := r.change(ctx, plan, plan.Timeouts.Update,
		connector.Request{Edit: plan.edit, Expected: state.describes, Worked: memory.Worked.Body, Origin: memory.origin()}, &resp.Diagnostics)
	if err != nil {
		resp.Diagnostics.Append(r.data.failure("set the image connector", nil, connectorError{err}))
	}
	if resp.Diagnostics.HasError() && !result.Touched {
		return // the state stays as it was; the next refresh shows what is there
	}
	if worked := workedAfter(result, err); worked.Body != nil {
		memory.Worked = worked
	}
	resp.Diagnostics.Append(memory.keep(ctx, resp.Private)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan.settled(result.After, memory))...)
	ownership{r.data, resp.Identity, resp.Private}.keep(ctx, plan, &resp.Diagnostics)
}

// Delete restores the connector that existed before the resource.
func (r *imageConnectorResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state imageConnectorModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.data.requireKnown("restore the previous image connector", &resp.Diagnostics) ||
		!(ownership{r.data, req.Identity, req.Private}).require(ctx, state, &resp.Diagnostics) {
		return
	}
	if state.keeps() {
		resp.Diagnostics.Append(r.data.swept(ctx)...)
		return
	}
	memory := recallConnector(ctx, req.Private, &resp.Diagnostics).orMarked(ctx, r.data.connector)
	limit := state.testLimit(ctx, state.Timeouts.Delete, &resp.Diagnostics)
	switch {
	case resp.Diagnostics.HasError():
		return
	case !memory.Recorded:
		resp.Diagnostics.Append(nothingToPutBack())
		return
	}
	result, stays, err := r.data.connector.GiveBack(ctx, memory.Previous.Body, limit)
	resp.Diagnostics.Append(r.data.asides(result)...)
	switch {
	case err != nil:
		resp.Diagnostics.Append(r.data.failure("restore the previous image connector", nil, restoreError{connectorError{err}}))
	case stays:
		resp.Diagnostics.Append(connectorKept(memory))
	case limit == 0 || memory.Previous.Body == nil: // it has made no candidate
		resp.Diagnostics.Append(r.data.swept(ctx)...)
	}
}

// change stores the planned settings, and reports all but the error.
func (r *imageConnectorResource) change(
	ctx context.Context, plan imageConnectorModel, limit timeoutOf, req connector.Request, diags *diag.Diagnostics,
) (connector.Result, error) {
	req.Test = plan.testLimit(ctx, limit, diags)
	if !r.data.requireKnown("set the image connector", diags) || diags.HasError() {
		return connector.Result{}, nil
	}
	result, err := r.data.connector.Change(ctx, req)
	diags.Append(r.data.asides(result)...)
	return result, err
}

// timeoutOf is one of the methods of timeouts.Value.
type timeoutOf func(context.Context, time.Duration) (time.Duration, diag.Diagnostics)

// ImportState checks the id, which is always the same; the Read that follows finds the settings.
func (r *imageConnectorResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := req.ID
	if id == "" {
		var identity imageConnectorIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		requireAccount(identity.AccountID, r.data, &resp.Diagnostics)
		id = identity.Identifier.ValueString()
	}
	if id != harness.ImageConnector {
		resp.Diagnostics.AddError("Could not import an image connector: invalid id",
			fmt.Sprintf("%s is not the image connector. Builds pull Harness images through the account's connector %s, so "+
				"the id is always %s.", text.Quote(id), harness.ImageConnector, harness.ImageConnector))
	}
	if resp.Diagnostics.HasError() || !r.data.requireKnown("import the image connector", &resp.Diagnostics) {
		return
	}
	model := newImageConnectorModel()
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, model.identity(types.StringValue(r.data.accountID)))...)
}

// noConnectorToImport says what exists instead of a connector to import.
func noConnectorToImport(found connector.Found) diag.Diagnostic {
	if found.Exists {
		return diag.NewErrorDiagnostic("Could not import the image connector", explain(nil, connectorError{&connector.TypeError{Type: found.Type}}))
	}
	return diag.NewErrorDiagnostic("There is no image connector to import",
		"The account has no connector with the identifier "+harness.ImageConnector+". Remove the import: the apply "+
			"creates it.")
}

// officialConnectorType is the official provider's resource that a moved block may start from.
const officialConnectorType = "harness_platform_connector_docker"

// MoveState takes over the state of the official provider's resource. It may run in a provider that is not
// configured; the Read that follows finds the current settings.
func (r *imageConnectorResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{StateMover: moveImageConnector}}
}

func moveImageConnector(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	summary := fmt.Sprintf("Could not move a %s to harnessci_image_connector", req.SourceTypeName)
	from := req.SourceProviderAddress
	if req.SourceTypeName != officialConnectorType || !namedAs(from, officialProvider) && !namedAs(from, ownProvider) {
		resp.Diagnostics.AddError(summary, fmt.Sprintf("Only %s of the provider harness/harness can be moved; this is a %s of %s. "+
			"Use a removed block for it, and an import block for the image connector.", officialConnectorType, req.SourceTypeName, from))
		return
	}
	model, err := movedConnector(req.SourceRawState.JSON)
	if err != nil {
		resp.Diagnostics.AddError(summary, text.Sentence(err.Error()))
		return
	}
	resp.Diagnostics.Append(resp.TargetState.Set(ctx, model)...)
}

// movedConnector reads the attributes of the official provider's resource, a JSON object. Only a connector at account
// level with that one identifier is the image connector.
func movedConnector(attributes []byte) (imageConnectorModel, error) {
	var source struct {
		Identifier string `json:"identifier"`
		OrgID      string `json:"org_id"`
		ProjectID  string `json:"project_id"`
		URL        string `json:"url"`
	}
	if err := json.Unmarshal(attributes, &source); err != nil {
		return imageConnectorModel{}, fmt.Errorf("its state cannot be read: %w", err)
	}
	if source.Identifier != harness.ImageConnector || source.OrgID != "" || source.ProjectID != "" {
		return imageConnectorModel{}, fmt.Errorf("it is not the image connector, which has the identifier %s and belongs to no "+
			"organization or project; this one has the identifier %s. Remove the moved block, and leave the connector where it is",
			harness.ImageConnector, text.Quote(source.Identifier))
	}
	model := newImageConnectorModel()
	model.URL = types.StringValue(source.URL)
	return model, nil
}
