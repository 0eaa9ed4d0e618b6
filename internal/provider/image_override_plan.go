package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// check returns what the server and the rest of the plan have against a planned override.
func (r *imageOverrideResource) check(ctx context.Context, req resource.ModifyPlanRequest, plan imageOverrideModel) diag.Diagnostics {
	if !r.data.known() || plan.plannedID().IsUnknown() {
		return nil
	}
	target, field := plan.target(), path.Root("field")
	if err := r.data.account.PlanSet(target.Scope, target.Field); err != nil {
		return diag.Diagnostics{diag.WithPath(field, failure("plan the image override", target, err))}
	}
	// A replacement is planned twice, and CLIs show the warnings of the first time only: there, a
	// prior state with another field makes no owner of this one.
	creating := true
	if !req.State.Raw.IsNull() {
		var state imageOverrideModel
		if diags := req.State.Get(ctx, &state); diags.HasError() {
			return diags
		}
		creating = state.target() != target
	}
	return r.data.checkPlan(ctx, target.Scope, []plannedImage{{
		field:     target.Field,
		fieldPath: field,
		image:     plan.Value.ValueString(),
		imagePath: path.Root("value"),
		creating:  creating,
	}})
}
