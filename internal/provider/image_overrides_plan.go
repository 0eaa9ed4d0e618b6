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

// ModifyPlan checks the plan of a set, plans what it resets, and warns of its effects.
func (r *imageOverridesResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	plan, creating := modifyPlan[imageOverridesModel](ctx, r.data, req, resp)
	if plan == nil {
		return
	}
	var state *imageOverridesModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Plan.GetAttribute(ctx, path.Root("restored"), &plan.Restored)...)
	if plan.Resets.IsUnknown() || plan.Restored.IsUnknown() {
		resets, diags := r.plannedResets(ctx, state, *plan)
		resp.Diagnostics.Append(diags...)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("resets"), resets)...)
	}
	if creating {
		resp.Diagnostics.Append(r.data.toleratedInDestroy(r.takeOver(ctx, *plan))...)
	}
}

// plannedResets returns what the apply resets. The CLI plans again in the apply, passes on nothing of the
// first plan and refuses a different result, in words of its own. An update's follows from the state alone. Where
// the first plan could not show any, nothing is reset.
func (r *imageOverridesResource) plannedResets(
	ctx context.Context, state *imageOverridesModel, plan imageOverridesModel,
) (_ types.Map, diags diag.Diagnostics) {
	scope := plan.scope()
	shown, applies := r.data.account.ShownResets(scope, r.data.command == savedPlanCommand)
	if applies && !shown.Known {
		return imagesValue(nil), nil
	}
	var resets map[string]string
	switch {
	case plan.Images.IsUnknown():
	case state == nil:
		if server := r.data.account.PlanImages(ctx, scope); server.OverridesErr == nil {
			resets = r.data.plan.Resets(server.Scope, server.Defaults, server.Overrides, plan.images())
		}
	case state.scope() == scope:
		resets = execconfig.NewChange(state.images(), plan.images()).Reset
	}
	if !applies {
		r.data.account.ShowResets(scope, resets, resets != nil)
	}
	if resets == nil {
		return types.MapUnknown(types.StringType), nil
	}
	if applies && state == nil && !maps.Equal(shown.Resets, resets) {
		diags.Append(changedSince(scope, shown.Resets, resets))
	}
	return imagesValue(resets), diags
}

// changedSince is the error that a set cannot be created as planned.
func changedSince(scope harness.Scope, planned, now map[string]string) diag.Diagnostic {
	var lines []string
	for _, field := range fieldsOf(planned, now) {
		was, is := planned[field], now[field]
		switch {
		case was == is:
		case was == "":
			lines = append(lines, showLine(field, is)+" was added")
		case is == "":
			lines = append(lines, showLine(field, was)+" was removed")
		default:
			lines = append(lines, showLine(field, was)+" -> "+is)
		}
	}
	return diag.NewAttributeErrorDiagnostic(imagesPath, fmt.Sprintf("The overrides of %s have changed since the plan", scope),
		"Creating the set would reset other overrides than the plan has shown:\n\n"+strings.Join(lines, "\n")+
			"\n\nNothing was written. Plan again.")
}

// checks returns the listed overrides for the plan checks; takeOver warns of what a create changes.
func (m imageOverridesModel) checks(before map[string]string, _ bool) []plannedImage {
	images := m.images()
	list := make([]plannedImage, 0, len(images))
	for _, field := range slices.Sorted(maps.Keys(images)) {
		at := imagesPath.AtMapKey(field)
		list = append(list, plannedImage{
			field: field, fieldPath: at, image: images[field], imagePath: at,
			changes: images[field] == "" || images[field] != before[field],
		})
	}
	return list
}

// takeOver warns of the existing overrides that creating the set resets or changes. What
// this run itself has reset, as in a replacement, is left out.
func (r *imageOverridesResource) takeOver(ctx context.Context, plan imageOverridesModel) (diags diag.Diagnostics) {
	server := r.data.account.PlanImages(ctx, plan.scope())
	if server.Err() != nil && len(plan.values()) == 0 { // checkPlan had nothing to check
		diags.Append(r.data.notChecked(server, harness.IsLasting(server.Err())))
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

// takeOverWarning names the overrides that a new set resets and changes. The attribute resets shows the
// former, except while the set's images are unknown: then the apply resets none.
func takeOverWarning(scope harness.Scope, resets, changes []string, unknown bool) diag.Diagnostic {
	var parts, deeds []string
	if len(resets) > 0 {
		deeds = append(deeds, "resets "+existingOverrides(len(resets)))
		part := "The attribute resets shows what the set does not list. Nothing else is reset: if an override is added " +
			"or removed before the apply, the set is not created, and none of it is written: plan again."
		if unknown {
			part = "The images of the set are not known yet. The apply resets none of these; the next plan shows which the set " +
				"does not list:\n\n" + strings.Join(resets, "\n")
		}
		parts = append(parts, part)
	}
	if len(changes) > 0 {
		deeds = append(deeds, "changes "+existingOverrides(len(changes)))
		parts = append(parts, "The set lists these with another image:\n\n"+strings.Join(changes, "\n"))
	}
	parts = append(parts, fmt.Sprintf("To keep an override, add it to images. To see in the plan what happens to each, "+
		"import the set first: its id is %s.", scope))
	return diag.NewAttributeWarningDiagnostic(imagesPath,
		fmt.Sprintf("Creating the image overrides %s %s", scope, text.And(deeds)),
		strings.Join(parts, "\n\n"))
}

// existingOverrides counts overrides in words.
func existingOverrides(n int) string {
	if n == 1 {
		return "1 existing override"
	}
	return fmt.Sprintf("%d existing overrides", n)
}

// showLine shows an override of the server as a line of a list.
func showLine(field, image string) string {
	return fmt.Sprintf("  %s: %s", showName(field), showImage(image))
}
