package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
)

// check returns what the server and the rest of the plan have against a planned override. There is
// no prior state (nil) of what is created, and no plan of what is destroyed.
func (r *imageOverrideResource) check(ctx context.Context, state, plan *imageOverrideModel) (diags diag.Diagnostics) {
	if !r.data.known() || plan != nil && plan.plannedID().IsUnknown() {
		return nil
	}
	// A replacement is planned twice, and CLIs show the warnings of the first time only: there, a
	// prior state with another field makes no owner of the new one.
	replaced := state != nil && plan != nil && state.plannedID() != plan.plannedID()
	if state != nil && (plan == nil || replaced) {
		diags.Append(r.note(state.target(), execconfig.Destroying)...)
	}
	if plan == nil {
		return diags
	}
	target := plan.target()
	switch {
	case replaced: // the second time counts
	case state == nil:
		diags.Append(r.note(target, execconfig.Creating)...)
	case state.Value.Equal(plan.Value):
		diags.Append(r.note(target, execconfig.Keeping)...)
	default:
		diags.Append(r.note(target, execconfig.Changing)...)
	}
	if diags.HasError() {
		return diags
	}
	return append(diags, r.data.checkPlan(ctx, target.Scope, []plannedImage{{
		field:     target.Field,
		fieldPath: path.Root("field"),
		image:     plan.Value.ValueString(),
		imagePath: path.Root("value"),
		creating:  state == nil || replaced,
	}})...)
}

// note enters an override in the plan and returns what contradicts it.
func (r *imageOverrideResource) note(target execconfig.Target, phase execconfig.Phase) diag.Diagnostics {
	err := r.data.account.PlanSingle(target, phase)
	if err == nil {
		return nil
	}
	problem := failure("plan the image override", target, err)
	if phase == execconfig.Destroying { // its configuration is gone
		return diag.Diagnostics{problem}
	}
	return diag.Diagnostics{diag.WithPath(path.Root("field"), problem)}
}
