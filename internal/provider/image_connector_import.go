package provider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/connector"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

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

// vendorConnectorType is the vendor's resource that a moved block may start from.
const vendorConnectorType = "harness_platform_connector_docker"

// MoveState takes over the state of the vendor's resource. It may run in a provider that is not
// configured; the Read that follows finds the current settings.
func (r *imageConnectorResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{StateMover: moveImageConnector}}
}

func moveImageConnector(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	summary := fmt.Sprintf("Could not move a %s to harnessci_image_connector", req.SourceTypeName)
	from := req.SourceProviderAddress
	if req.SourceTypeName != vendorConnectorType || !namedAs(from, vendorProvider) && !namedAs(from, ownProvider) {
		resp.Diagnostics.AddError(summary, fmt.Sprintf("Only %s of the provider harness/harness can be moved; this is a %s of %s. "+
			"Use a removed block for it, and an import block for the image connector.", vendorConnectorType, req.SourceTypeName, from))
		return
	}
	model, err := movedConnector(req.SourceRawState.JSON)
	if err != nil {
		resp.Diagnostics.AddError(summary, text.Sentence(err.Error()))
		return
	}
	resp.Diagnostics.Append(resp.TargetState.Set(ctx, model)...)
}

// movedConnector reads the attributes of the vendor's resource, a JSON object. Only a connector at account
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
