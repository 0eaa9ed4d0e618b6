package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
)

// check returns what the server and the rest of the plan have against a planned override. There is
// no prior state (nil) of what is created, and no plan of what is destroyed.
func (r *imageOverrideResource) check(ctx context.Context, state, plan *imageOverrideModel) diag.Diagnostics {
	if !r.data.known() || plan != nil && plan.plannedID().IsUnknown() {
		return nil
	}
	creating, diags := notePhases(state, plan, r.note)
	if plan == nil || diags.HasError() {
		return diags
	}
	target := plan.target()
	return append(diags, r.data.checkPlan(ctx, target.Scope, []plannedImage{{
		field:     target.Field,
		fieldPath: path.Root("field"),
		image:     plan.Value.ValueString(),
		imagePath: path.Root("value"),
		creating:  creating,
		changes:   creating || state.Value != plan.Value,
	}})...)
}

// note enters an override in the plan and returns what contradicts it.
func (r *imageOverrideResource) note(override imageOverrideModel, phase execconfig.Phase) diag.Diagnostics {
	target := override.target()
	err := r.data.account.PlanSingle(target, phase)
	if err == nil {
		return nil
	}
	problem := r.data.failure("plan the image override", target, err)
	if phase == execconfig.Destroying { // its configuration is gone
		return diag.Diagnostics{problem}
	}
	return diag.Diagnostics{diag.WithPath(path.Root("field"), problem)}
}
