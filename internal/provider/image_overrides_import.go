package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

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
