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
		MarkdownDescription: "The connector `harnessImage`, through which every build of the account pulls Harness images. The one that " +
			"stands is taken over in place. A change is tested by Harness, and what stood before is put back where the test fails. " +
			"Destroying the resource brings back what stood before it was made.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Identifier of the connector: always `harnessImage`.",
			},
			"url": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "URL of the registry, such as `https://registry.example.com/harness`. Host and path come before every " +
					"image name without a host; under `https://index.docker.io/v2/` names stay as they are.",
			},
			"username": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "User to log in to the registry with. Without `username` and `username_ref` images are pulled anonymously.",
			},
			"username_ref": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Reference of a secret that holds the user, such as `account.registry_user`, instead of `username`.",
			},
			"password_ref": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Reference of a secret that holds the password, such as `account.registry_password`: the secret's identifier " +
					"after `account.`. Required with a user. The password itself is refused.",
			},
			"delegate_selectors": schema.SetAttribute{
				Optional: true, Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Tags of the delegates that may use the connector. Left out, those that stand stay.",
			},
			"execute_on_delegate": schema.BoolAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Whether a delegate connects to the registry rather than the Harness platform. Harness Cloud needs `false`: " +
					"with `true`, every stage there fails. Left out, what stands stays; a new connector has `false`.",
			},
			"test_connection": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Whether Harness tests the connection after a change, for up to three minutes. Where the test does not " +
					"succeed, what stood before is put back and the apply fails. Defaults to `true`.",
			},
			"provider_type": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Kind of the registry as Harness names it: `DockerHub`, `Harbor`, `Quay` or `Other`.",
			},
			"status": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Outcome of the last connection test of these settings: `SUCCESS`, `FAILURE`, `PARTIAL` or `PENDING`; " +
					"`UNKNOWN` where they have not been tested since they were changed.",
			},
		},
	}
}

// IdentitySchema describes what names the connector among those of all accounts.
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

// Create takes over the connector that stands, or makes one.
func (r *imageConnectorResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan imageConnectorModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	result, stands := r.change(ctx, plan, &resp.Diagnostics)
	if !stands {
		return
	}
	// With an error, too: what may stand must be known to a state, or nothing would bring back the former.
	resp.Diagnostics.Append(resp.State.Set(ctx, plan.settled(result.After))...)
	resp.Diagnostics.Append(formerOf(result.Before).keep(ctx, resp.Private)...)
	ownership{r.data, resp.Identity, resp.Private}.keep(ctx, plan, &resp.Diagnostics)
}

// Read takes over what stands. Only a connector that is really gone, or of another type now, leaves
// the state.
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
		found, err = r.data.connector.Read(ctx) // an absence counts when it shows twice
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
	result, stands := r.change(ctx, plan, &resp.Diagnostics)
	if !stands || resp.Diagnostics.HasError() {
		return // the state stays as it was; the next refresh shows what stands
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan.settled(result.After))...)
	ownership{r.data, resp.Identity, resp.Private}.keep(ctx, plan, &resp.Diagnostics)
}

// Delete brings back what stood before the resource was made.
func (r *imageConnectorResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	if !r.data.requireKnown("put back the former image connector", &resp.Diagnostics) ||
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
			resp.Diagnostics.Append(r.data.connectorFailure("put back the former image connector", err))
		} else if stays {
			resp.Diagnostics.Append(connectorKept())
		}
	}
}

// change brings the planned settings about and reports whether something of them stands, or may.
func (r *imageConnectorResource) change(
	ctx context.Context, plan imageConnectorModel, diags *diag.Diagnostics,
) (result connector.Result, stands bool) {
	if !r.data.requireKnown("set the image connector", diags) {
		return result, false
	}
	result, err := r.data.connector.Change(ctx, plan.edit, plan.TestConnection.ValueBool())
	if err != nil {
		diags.Append(r.data.connectorFailure("set the image connector", err))
		return result, result.Touched
	}
	if result.Unverified != nil {
		diags.Append(unverified("what stands of", imageConnector{}, result.Unverified))
	}
	return result, true
}
