package provider

import (
	"context"
	"errors"
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
	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// ModifyPlan checks the plan of a set, plans what it resets, and warns of its effects.
func (r *imageOverridesResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	plan, creating := modifyPlan[imageOverridesModel](ctx, r.data, req, resp)
	if plan == nil {
		r.noteUnplaced(ctx, req)
		return
	}
	var state *imageOverridesModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Plan.GetAttribute(ctx, path.Root("restored"), &plan.Restored)...)
	if plan.Resets.IsUnknown() || plan.Restored.IsUnknown() {
		resets, diags := r.plannedResets(ctx, state, *plan)
		plan.Resets = resets
		resp.Diagnostics.Append(diags...)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("resets"), resets)...)
	}
	if creating {
		resp.Diagnostics.Append(r.data.toleratedInDestroy(r.takeOver(ctx, *plan))...)
	}
}

// noteUnplaced records that a plan could show no resets, because the account or the scope is not known.
func (r *imageOverridesResource) noteUnplaced(ctx context.Context, req resource.ModifyPlanRequest) {
	var plan *imageOverridesModel
	if req.Plan.Get(ctx, &plan).HasError() || plan == nil || r.data.known() && !plan.plannedID().IsUnknown() {
		return
	}
	scope := plan.scope()
	if plan.Infra.IsUnknown() {
		scope.Infra = ""
	}
	if plan.Module.IsUnknown() {
		scope = harness.Scope{}
	}
	execconfig.ShowUnplaced(execconfig.Options{Run: parentRun()}, scope, plan.images())
}

// plannedResets returns what the apply resets. The CLI plans again in the apply, passes on nothing of the
// first plan and refuses a different result, in words of its own. An update's follows from the state alone. Where
// the first plan could not show any, nothing is reset.
func (r *imageOverridesResource) plannedResets(
	ctx context.Context, state *imageOverridesModel, plan imageOverridesModel,
) (_ types.Map, diags diag.Diagnostics) {
	scope := plan.scope()
	shown, applies := r.data.account.ShownResets(scope, plan.images(), r.data.command == savedPlanCommand)
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
			changes: images[field] == "" || images[field] != before[field], before: before[field], set: images,
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
	values, planned := plan.values(), plan.resets()
	for _, field := range slices.Sorted(maps.Keys(server.Overrides)) {
		if r.data.account.WasReset(execconfig.Target{Scope: server.Scope, Field: field}) {
			continue
		}
		line := showLine(field, server.Overrides[field])
		switch value, listed := values[field]; {
		case !listed && !plan.Resets.IsUnknown() && planned[field] == "": // it stays, and the apply says so
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

// takeOverWarning names the overrides that a new set resets and changes. The attribute resets shows those
// that it resets, except while the set's images are unknown: then the apply resets none.
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

// imagesPath is the path of a set's images.
var imagesPath = path.Root("images")

// targets are the overrides of one module and infra that a diagnostic is about.
type targets struct {
	harness.Scope
	fields []string
}

// Facts returns the module, the infra and the fields by name.
func (t targets) Facts() text.Facts {
	list := t.Scope.Facts()
	for _, field := range t.fields {
		list = append(list, text.Fact{Name: "field", Value: field})
	}
	return list
}

// overridesChange is a change of a set, as diagnostics report it.
type overridesChange struct {
	execconfig.Change
	// destroy: the set itself is destroyed.
	destroy bool
}

// without returns the change without the images of some fields, which must not be stored.
func (c overridesChange) without(fields execconfig.FieldErrors) execconfig.Change {
	change := c.Change
	change.Set = maps.Clone(c.Set)
	for field := range fields {
		delete(change.Set, field)
	}
	return change
}

// joined returns the errors of both.
func joined(a, b execconfig.FieldErrors) execconfig.FieldErrors {
	all := execconfig.FieldErrors{}
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}

// failures turns the errors of a change into diagnostics: one for each field, on its key; fields that
// failed for the same reason, such as one request's answer, share one.
func (c overridesChange) failures(d *providerData, scope harness.Scope, failed execconfig.FieldErrors) (diags diag.Diagnostics) {
	var reasons []string
	fields := map[string][]string{}
	for _, field := range slices.Sorted(maps.Keys(failed)) {
		why := c.verb(field) + reason(failed[field]) + advice(failed[field])
		if fields[why] == nil {
			reasons = append(reasons, why)
		}
		fields[why] = append(fields[why], field)
	}
	for _, why := range reasons {
		diags.Append(c.failure(d, scope, fields[why], failed[fields[why][0]]))
	}
	return diags
}

// verb says what the change does to a field.
func (c overridesChange) verb(field string) string {
	if _, resets := c.Reset[field]; resets {
		return "reset"
	}
	return "set"
}

// failure is the diagnostic of fields that failed for one reason.
func (c overridesChange) failure(d *providerData, scope harness.Scope, fields []string, err error) diag.Diagnostic {
	at, what := imagesPath.AtMapKey(fields[0]), "the image override"
	var subject fmt.Stringer = execconfig.Target{Scope: scope, Field: fields[0]}
	if len(fields) > 1 {
		at, what = imagesPath, fmt.Sprintf("%d image overrides of", len(fields))
		subject = targets{scope, fields}
	}
	if _, kept := errors.AsType[*owners.KeptError](err); kept && c.destroy {
		return keptBack(what, subject)
	}
	if refused, ok := errors.AsType[*execconfig.RefusedError](err); ok && refused.Image == "" {
		return refusedReset(what, subject, refused)
	}
	// A reset that may not have happened keeps a destroyed set in the state; repeating it does no harm.
	if execconfig.Acknowledged(err) && !c.destroy {
		return diag.WithPath(at, d.unverified(what, subject, err))
	}
	return diag.WithPath(at, d.failure(c.verb(fields[0])+" "+what, subject, err))
}

// refused returns the overrides that Harness refuses to reset, of those before and of the change.
func (c overridesChange) refused(before map[string]string, failed execconfig.FieldErrors) map[string]string {
	all := maps.Clone(before)
	if all == nil {
		all = map[string]string{}
	}
	for field, image := range c.Reset {
		if refused, ok := errors.AsType[*execconfig.RefusedError](failed[field]); ok && refused.Image == "" {
			all[field] = image
		}
	}
	for field := range c.Set {
		delete(all, field)
	}
	return all
}

// refusedReset is the warning that Harness keeps an override that nobody wants any more. The object completes
// "Could not reset …".
func refusedReset(object string, subject fmt.Stringer, err *execconfig.RefusedError) diag.Diagnostic {
	return diag.NewWarningDiagnostic(fmt.Sprintf("Could not reset %s %s, which leaves the state", object, subject),
		reason(err)+"\n\n"+facts(subject, err)+"\n\nHarness has probably retired the field. The override may still be stored, "+
			"and Terraform no longer manages it. To have it removed, ask Harness support, with the correlationId. If Harness "+
			"accepts the field again, import the override, or add it to the set.")
}

// overwritten warns of images that somebody has changed since the plan, and that the apply has replaced or
// reset all the same. found are the images before the apply, before those of the state, after the new ones.
func overwritten(scope harness.Scope, found, before, after map[string]string) (diags diag.Diagnostics) {
	var lines, fields []string
	for _, field := range slices.Sorted(maps.Keys(before)) {
		if image, is := found[field]; is && image != before[field] && image != after[field] {
			fields = append(fields, field)
			lines = append(lines, showLine(field, image))
		}
	}
	if len(fields) > 0 {
		diags.AddWarning(fmt.Sprintf("Somebody had changed %s since the plan", targets{scope, fields}.names()),
			"The plan did not show these images, and the apply has replaced or reset them:\n\n"+strings.Join(lines, "\n")+
				"\n\nIf one of them should run, set it in the configuration.")
	}
	return diags
}

// createdInPart warns, in addition to the errors of a create, of what is stored already.
func createdInPart(scope harness.Scope, wanted, existing map[string]string) (diags diag.Diagnostics) {
	change := execconfig.NewChange(existing, wanted)
	if len(change.Keep) == 0 {
		return nil
	}
	diags.AddWarning(fmt.Sprintf("%d of %d image overrides of %s are stored", len(change.Keep), len(wanted), scope),
		fmt.Sprintf("Builds run what is stored: %s. It is left in place and out of the state, because Terraform would reset "+
			"all of it before trying again. Apply again once the error is fixed: what is stored is adopted, and only the "+
			"rest is written. A destroy resets it only once the set is imported: its id is %s.", strings.Join(slices.Sorted(maps.Keys(change.Keep)), ", "), scope))
	return diags
}

// interrupted reports whether part of a change was not done, and only because the run was interrupted.
func interrupted(failed execconfig.FieldErrors) bool {
	left := notDone(failed)
	for _, field := range left {
		if _, is := errors.AsType[*execconfig.CancelledError](failed[field]); !is {
			return false
		}
	}
	return len(left) > 0
}

// notDone returns the fields of a change, sorted, that the server has not acknowledged.
func notDone(failed execconfig.FieldErrors) (fields []string) {
	for _, field := range slices.Sorted(maps.Keys(failed)) {
		if !execconfig.Acknowledged(failed[field]) {
			fields = append(fields, field)
		}
	}
	return fields
}

// stored counts the images that the server has acknowledged.
func stored(images map[string]string, failed execconfig.FieldErrors) (n int) {
	for field := range images {
		if execconfig.Acknowledged(failed[field]) {
			n++
		}
	}
	return n
}

// createdUntilInterrupt reports what an interrupted create has stored. It is no error, which would taint
// the set or lose it: the CLI fails an interrupted run anyway.
func createdUntilInterrupt(scope harness.Scope, stored, wanted int, failed execconfig.FieldErrors) diag.Diagnostic {
	fields := notDone(failed)
	return diag.NewAttributeWarningDiagnostic(imagesPath,
		fmt.Sprintf("Interrupted: %d of %d image overrides of %s are stored", stored, wanted, scope),
		fmt.Sprintf("Not done: %s. The state contains the set as planned. The next plan reads what is stored and "+
			"shows the rest; "+
			"apply again, or destroy.", strings.Join(fields, ", ")))
}

// newcomers warns of the overrides that the change leaves alone.
func (c overridesChange) newcomers(scope harness.Scope) (diags diag.Diagnostics) {
	if len(c.Left) == 0 {
		return nil
	}
	var list strings.Builder
	for _, field := range slices.Sorted(maps.Keys(c.Left)) {
		list.WriteString(showLine(field, c.Left[field]) + "\n")
	}
	diags.AddAttributeWarning(imagesPath, fmt.Sprintf("Overrides of %s that no plan has shown were left as they are", scope),
		fmt.Sprintf("The set does not list them. They were added or changed since the plan, or it could not show them, so they "+
			"were left in place:\n\n%s\nBuilds run them. The next plan shows their reset.", list.String()))
	return diags
}
