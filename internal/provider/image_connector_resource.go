package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/connector"
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
func (r *imageConnectorResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages the account's image connector, `harnessImage`, through which every build pulls Harness " +
			"images. An existing connector is taken over in place. Harness tests each change, and the previous connector is " +
			"put back if the test fails. Destroying the resource restores the connector that existed before it.",
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
				MarkdownDescription: "Whether Harness tests the connection after a change, for up to three minutes. If the " +
					"test does not succeed, the previous connector is put back and the apply fails. Defaults to `true`.",
			},
			"provider_type": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Kind of registry, as Harness names it: `DockerHub`, `Harbor`, `Quay` or `Other`.",
			},
			"status": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Outcome of the last connection test of these settings: `SUCCESS`, `FAILURE`, `PARTIAL` " +
					"or `PENDING`; `UNKNOWN` if they have not been tested since the last change.",
			},
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

// Create takes over the existing connector, or creates one.
func (r *imageConnectorResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan imageConnectorModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	result, stored := r.change(ctx, plan, &resp.Diagnostics)
	if !stored {
		return
	}
	// Even with an error: without a state, nothing would know the previous connector and could restore it.
	resp.Diagnostics.Append(resp.State.Set(ctx, plan.settled(result.After))...)
	resp.Diagnostics.Append(formerOf(result.Before).keep(ctx, resp.Private)...)
	ownership{r.data, resp.Identity, resp.Private}.keep(ctx, plan, &resp.Diagnostics)
}

// Read refreshes the settings. Only a connector that is gone, or of another type now, leaves the state.
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
	importing := state.URL.IsNull()
	switch {
	case err != nil:
		resp.Diagnostics.Append(r.data.connectorFailure("read the image connector", err))
		return
	case found.IsRegistry():
	case importing:
		resp.Diagnostics.Append(noConnectorToImport(found))
		return
	default:
		resp.State.RemoveResource(ctx)
		return
	}
	if _, kept := readFormer(ctx, resp.Private, &resp.Diagnostics); !kept {
		resp.Diagnostics.Append(formerOf(found).keep(ctx, resp.Private)...) // imported, or moved here
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state.refreshed(found))...)
}

// Update changes the settings that differ.
func (r *imageConnectorResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan imageConnectorModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() ||
		!(ownership{r.data, req.Identity, req.Private}).require(ctx, plan, &resp.Diagnostics) {
		return
	}
	result, stored := r.change(ctx, plan, &resp.Diagnostics)
	if !stored || resp.Diagnostics.HasError() {
		return // the state stays as it was; the next refresh shows what is there
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan.settled(result.After))...)
	ownership{r.data, resp.Identity, resp.Private}.keep(ctx, plan, &resp.Diagnostics)
}

// Delete restores the connector that existed before the resource.
func (r *imageConnectorResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	if !r.data.requireKnown("restore the previous image connector", &resp.Diagnostics) ||
		!(ownership{r.data, req.Identity, req.Private}).require(ctx, imageConnectorModel{}, &resp.Diagnostics) {
		return
	}
	kept, ok := readFormer(ctx, req.Private, &resp.Diagnostics)
	switch {
	case resp.Diagnostics.HasError():
	case !ok:
		resp.Diagnostics.Append(nothingToPutBack())
	default:
		stays, err := r.data.connector.GiveBack(ctx, kept.Body)
		if err != nil {
			resp.Diagnostics.Append(r.data.connectorFailure("restore the previous image connector", err))
		} else if stays {
			resp.Diagnostics.Append(connectorKept())
		}
	}
}

// change stores the planned settings and reports whether any of them are, or may be, stored.
func (r *imageConnectorResource) change(
	ctx context.Context, plan imageConnectorModel, diags *diag.Diagnostics,
) (result connector.Result, stored bool) {
	if !r.data.requireKnown("set the image connector", diags) {
		return result, false
	}
	result, err := r.data.connector.Change(ctx, plan.edit, plan.TestConnection.ValueBool())
	if err != nil {
		diags.Append(r.data.connectorFailure("set the image connector", err))
		return result, result.Touched
	}
	if result.Unverified != nil {
		diags.Append(unverified("the settings of", imageConnector{}, result.Unverified))
	}
	return result, true
}
