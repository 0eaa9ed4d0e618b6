package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// ImportState parses the id or the identity; the Read that follows finds the image, or reports that there
// is none.
func (r *imageOverrideResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	target, ok := importTarget(ctx, req, r.data, &resp.Diagnostics)
	if !ok || !r.data.requireKnown("import the image override "+target.String(), &resp.Diagnostics) {
		return
	}
	model := newImageOverrideModel(target)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, model.identity(types.StringValue(r.data.accountID)))...)
}

// importTarget returns what is to be imported, named by id or by identity.
func importTarget(
	ctx context.Context, req resource.ImportStateRequest, data *providerData, diags *diag.Diagnostics,
) (target execconfig.Target, ok bool) {
	var err error
	if importsByID(req) {
		target, err = parseID(req.ID)
	} else {
		var identity imageOverrideIdentity
		diags.Append(req.Identity.Get(ctx, &identity)...)
		target, err = checkTarget(identity.Module.ValueString(), identity.Infra.ValueString(), identity.Field.ValueString())
		requireAccount(identity.AccountID, data, diags)
	}
	if err != nil {
		diags.AddError("Could not import an image override: invalid id", text.Sentence(err.Error()))
	}
	return target, !diags.HasError()
}

// importsByID reports whether an import uses an id, which may be empty, rather than an identity.
func importsByID(req resource.ImportStateRequest) bool {
	return req.ID != "" || req.Identity == nil || req.Identity.Raw.IsFullyNull()
}

// requireAccount adds an error if an import names an account other than the provider's.
func requireAccount(account types.String, data *providerData, diags *diag.Diagnostics) {
	if !data.known() || account.IsNull() || account.ValueString() == data.accountID {
		return
	}
	diags.AddAttributeError(path.Root("account_id"), "Could not import from another account",
		fmt.Sprintf("The identity names account %s, and the provider points at account %s. Use a provider alias for "+
			"that account, or leave account_id out of the identity.", text.Quote(account.ValueString()), data.accountID))
}

// nothingToImport says that an override to import does not exist, and what to do instead.
func (r *imageOverrideResource) nothingToImport(ctx context.Context, target execconfig.Target) diag.Diagnostic {
	defaults, err := r.data.account.Defaults(ctx, target.Scope)
	if err != nil {
		return r.data.failure("read the image override", target, err)
	}
	runs := fmt.Sprintf("The default runs: %s. To override it, apply the resource without importing it.", showImage(defaults[target.Field]))
	if defaults[target.Field] == "" {
		runs = fmt.Sprintf("The defaults of %s show no such field either: check its spelling. The data source "+
			"harnessci_default_images lists the fields.", target.Scope)
	}
	return diag.NewErrorDiagnostic("Nothing to import for "+target.String(),
		fmt.Sprintf("Account %s has no override of %s. %s", r.data.accountID, target, runs))
}
