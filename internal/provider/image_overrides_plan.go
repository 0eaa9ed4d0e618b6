package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// ModifyPlan tells the id as soon as its parts are known, and what the server has to say about the
// planned images. What belongs to another account is not planned: with -refresh=false, no Read has
// looked at that.
func (r *imageOverridesResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var state, plan *imageOverridesModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if state != nil {
		ownership{req.Identity, req.Private}.require(ctx, r.data, state.scope(), &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if plan != nil {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("id"), plan.plannedID())...)
	}
	resp.Diagnostics.Append(r.check(ctx, state, plan)...)
}

// check returns what the server and the rest of the plan have against a planned set. There is no
// prior state (nil) of what is created, and no plan of what is destroyed.
func (r *imageOverridesResource) check(ctx context.Context, state, plan *imageOverridesModel) diag.Diagnostics {
	if !r.data.known() || plan != nil && plan.plannedID().IsUnknown() {
		return nil
	}
	creating, diags := notePhases(state, plan, r.note)
	if plan == nil || diags.HasError() {
		return diags
	}
	diags.Append(r.data.checkPlan(ctx, plan.scope(), plan.planned(state))...)
	if creating && !diags.HasError() {
		diags.Append(r.takeOver(ctx, *plan)...)
	}
	return diags
}

// note enters a set in the plan and returns what contradicts it.
func (r *imageOverridesResource) note(set imageOverridesModel, phase execconfig.Phase) (diags diag.Diagnostics) {
	fields := slices.Collect(maps.Keys(set.values()))
	if err := r.data.account.PlanExclusive(set.scope(), fields, phase); err != nil {
		diags.Append(r.data.failure("plan the image overrides", set.scope(), err))
	}
	return diags
}

// planned returns the listed overrides as the plan checks want them. There is no prior state (nil) of what
// is created.
func (m imageOverridesModel) planned(state *imageOverridesModel) []plannedImage {
	values, before := m.values(), map[string]types.String{}
	if state != nil {
		before = state.values()
	}
	list := make([]plannedImage, 0, len(values))
	for _, field := range slices.Sorted(maps.Keys(values)) {
		at := imagesPath.AtMapKey(field)
		list = append(list, plannedImage{
			field: field, fieldPath: at, image: values[field].ValueString(), imagePath: at,
			changes: before[field] != values[field],
		})
	}
	return list
}

// takeOver warns of the overrides that stand and that creating the set resets or changes. It leaves
// out what this run itself has reset, for a replacement.
func (r *imageOverridesResource) takeOver(ctx context.Context, plan imageOverridesModel) (diags diag.Diagnostics) {
	server := r.data.account.PlanImages(ctx, plan.scope())
	if server.Err() != nil && len(plan.values()) == 0 { // checkPlan had nothing to ask for
		diags.Append(notChecked(server))
	}
	var resets, changes []string
	values := plan.values()
	for _, field := range slices.Sorted(maps.Keys(server.Overrides)) {
		if r.data.account.WasReset(execconfig.Target{Scope: server.Scope, Field: field}) {
			continue
		}
		line := showLine(field, server.Overrides[field])
		switch value, listed := values[field]; {
		case !listed:
			resets = append(resets, line)
		case value.IsUnknown():
			changes = append(changes, line+" -> (known after apply)")
		case value.ValueString() != server.Overrides[field]:
			changes = append(changes, line+" -> "+value.ValueString())
		}
	}
	if len(resets)+len(changes) > 0 {
		diags.Append(takeOverWarning(server.Scope, resets, changes, plan.Images.IsUnknown()))
	}
	return diags
}

// takeOverWarning shows the overrides that a new set resets and changes, one line each. While the
// set's images are unknown, each that stands may be among them.
func takeOverWarning(scope harness.Scope, resets, changes []string, unknown bool) diag.Diagnostic {
	var parts []string
	if len(resets) > 0 {
		head := "The set does not list these, so that they are reset to the default:"
		if unknown {
			head = "The images of the set are not known yet. Of these, what it does not list is reset to the default:"
		}
		parts = append(parts, head+"\n\n"+strings.Join(resets, "\n"))
	}
	if len(changes) > 0 {
		parts = append(parts, "The set lists these with another image:\n\n"+strings.Join(changes, "\n"))
	}
	parts = append(parts, fmt.Sprintf("To keep an override, add it to images. To see in the plan what becomes of each, import the set "+
		"first: its id is %s.", scope))
	return diag.NewAttributeWarningDiagnostic(imagesPath,
		fmt.Sprintf("Creating the image overrides %s resets %d and changes %d that stand", scope, len(resets), len(changes)),
		strings.Join(parts, "\n\n"))
}

// showLine shows an override of the server as a line of a list.
func showLine(field, image string) string {
	return fmt.Sprintf("  %s: %s", showField(field), showImage(image))
}

// showField returns a server's field as it is where it is harmless to show, else quoted.
func showField(field string) string {
	if checkField(field) != nil {
		return text.Quote(field)
	}
	return field
}
