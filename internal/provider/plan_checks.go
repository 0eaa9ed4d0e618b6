package provider

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// plannedImage is one override in a plan.
type plannedImage struct {
	field     string    // known
	fieldPath path.Path // where errors about the field go
	image     string    // "" while unknown
	imagePath path.Path // where warnings about the image go
	// creating: no prior state has this override, so the create takes over an existing one.
	creating bool
	// changes: the prior state has another image for this override, or none.
	changes bool
	// before is the image in the prior state; "" for none.
	before string
	// set are the images of the set that this one is in; nil for a single override, whose neighbours are not known.
	set map[string]string
}

// checkPlan asks the server and returns what the user should know: fields that do not exist are errors,
// everything else a warning. It runs again in the apply, and in each plan of an unchanged resource, where
// only news is worth a warning.
func (d *providerData) checkPlan(ctx context.Context, scope harness.Scope, images []plannedImage) diag.Diagnostics {
	if !d.known() || len(images) == 0 {
		return nil
	}
	d.findings.begin()
	diags, found := d.checkImages(ctx, scope, images)
	return append(diags, warnings(d.findings.end(found))...)
}

func (d *providerData) checkImages(ctx context.Context, scope harness.Scope, images []plannedImage) (diags diag.Diagnostics, found []finding) {
	verified := async(func() verified { return d.verifyPlan(ctx, scope, images) })
	pulled := async(func() []finding { return d.checkPulls(ctx, scope, images) })
	judged := async(func() []finding { return d.judgePlan(ctx, changedImages(scope, images)) })
	server := d.account.PlanImages(ctx, scope)
	diags.Append(d.oddities()...)
	if server.Err() != nil {
		stops := harness.IsLasting(server.Err()) && slices.ContainsFunc(images, func(p plannedImage) bool { return p.changes })
		diags.Append(d.notChecked(server, stops))
		if stops {
			return diags, nil
		}
	}
	for _, planned := range images {
		if server.Err() == nil && !server.Has(planned.field) && !d.skipFieldValidation {
			diags.Append(d.unknownField(ctx, server, planned))
			continue
		}
		if problem := checkReference(server, planned); problem != nil {
			diags.Append(problem)
			continue
		}
		found = append(found, d.checkTakeOver(server, planned)...)
		found = append(found, checkAgainstDefault(server, planned)...)
		found = append(found, checkDead(server, planned)...)
	}
	found = append(found, pulled()...)
	found = append(found, judged()...)
	looked := verified()
	diags.Append(looked.failed...)
	return diags, append(found, looked.found...)
}

// async starts some work, and returns a function that waits for its outcome.
func async[T any](work func() T) (wait func() T) {
	outcome := make(chan T, 1)
	go func() { outcome <- work() }()
	return func() T { return <-outcome }
}

// notChecked reports which checks are skipped because a read failed: an error if the apply of a change
// cannot work either, else a warning. A cause is explained once a run.
func (d *providerData) notChecked(server execconfig.PlanImages, stops bool) diag.Diagnostic {
	if stops || d.reported.hasStopped(server.Err()) {
		return d.stopped("check the planned images of", server.Scope, server.Err())
	}
	if first, told := d.reported.explained(server.Err(), server.Scope); told {
		return diag.NewWarningDiagnostic("Could not check all planned images", text.Sentence(again(server.Err(), first)))
	}
	missing := []string{"whether the fields exist"}
	if server.OverridesErr != nil {
		missing = append(missing, "whether an override is taken over")
	}
	if server.DefaultsErr != nil {
		missing = append(missing, "how the images compare to the defaults")
	}
	return diag.NewWarningDiagnostic(fmt.Sprintf("Could not check the planned images of %s", server.Scope),
		explain(server.Scope, server.Err())+"\n\nThe plan continues without these checks: "+strings.Join(missing, "; ")+
			".")
}

// unknownField is the error for a field that neither the defaults nor the overrides list.
func (d *providerData) unknownField(ctx context.Context, server execconfig.PlanImages, planned plannedImage) diag.Diagnostic {
	hints := append(d.fieldHints(ctx, server, planned), "The data source harnessci_default_images lists the "+
		"fields. If Harness has shipped this field and its defaults do not list it yet, set skip_field_validation "+
		"= true in the provider block.")
	return diag.NewAttributeErrorDiagnostic(planned.fieldPath,
		fmt.Sprintf("%s has no field %s", server.Scope, showName(planned.field)), strings.Join(hints, "\n\n"))
}

// fieldHints suggests the field that may be meant: one with a similar name or, unless one here differs only
// in case, the same one on the other infra.
func (d *providerData) fieldHints(ctx context.Context, server execconfig.PlanImages, planned plannedImage) []string {
	var hints []string
	near := nearestFields(planned.field, fieldsOf(server.Defaults, server.Overrides))
	switch {
	case len(near) == 0:
	case strings.EqualFold(near[0], planned.field):
		return append(hints, fmt.Sprintf("Did you mean %s? Field names are case-sensitive.", near[0]))
	default:
		hints = append(hints, fmt.Sprintf("Did you mean %s?", text.Or(near)))
	}
	for _, infra := range server.Scope.Module.Infras() {
		if infra == server.Scope.Infra {
			continue
		}
		other := harness.Scope{Module: server.Scope.Module, Infra: infra}
		if name, found := d.spelledIn(ctx, other, planned.field); found {
			hints = append(hints, fmt.Sprintf("%s has the field %s: did you mean infra = %q?", other, name, infra))
		}
	}
	return hints
}

// spelledIn returns how the defaults of another module and infra spell a field, if they list it. If they
// cannot be read, the error comes without this hint.
func (d *providerData) spelledIn(ctx context.Context, scope harness.Scope, field string) (name string, found bool) {
	defaults, err := d.account.PlanDefaults(ctx, scope)
	if err != nil {
		return "", false
	}
	for known := range defaults {
		if strings.EqualFold(known, field) {
			return known, true
		}
	}
	return "", false
}

// checkTakeOver finds a create over an existing override, in the plan and in the apply, where CLIs print it
// after the creation.
func (d *providerData) checkTakeOver(server execconfig.PlanImages, planned plannedImage) []finding {
	target := execconfig.Target{Scope: server.Scope, Field: planned.field}
	present, exists := server.Overrides[planned.field]
	if !planned.creating || !exists || d.account.WasReset(target) || d.reported.hasRefreshed(target) {
		return nil
	}
	f := finding{target: target, at: planned.imagePath, facts: text.Facts{{Name: "found", Value: showImage(present)}}}
	if present == planned.image {
		f.cause = cause{
			"Existing overrides have the planned images already",
			"No resource in the state manages these overrides, which were set by an interrupted run, a resource at another " +
				"address or somebody else:",
			"Creating a resource takes over its override: from then on the resource manages it, and destroying the " +
				"resource resets the field.",
		}
		return []finding{f}
	}
	becomes := planned.image
	if becomes == "" {
		becomes = "(known after apply)"
	}
	f.facts = append(f.facts, text.Fact{Name: "planned", Value: becomes})
	f.cause = cause{
		"Creating resources replaces existing overrides",
		"The account has these overrides with other images, and no resource in the state manages them:",
		"To replace them, continue. To keep one as it is, set value to what was found; to adopt it before the apply, import " +
			"it:\n\n  terraform import 'harnessci_image_override.<name>' <module>/<infra>/<field>\n\nIf a resource was " +
			"renamed, add a moved block instead.",
	}
	return []finding{f}
}

// showImage returns an image from a server as it is if it is safe to show, else quoted.
func showImage(image string) string {
	if _, err := imageref.Parse(image); err != nil {
		return text.Quote(image)
	}
	return image
}

// showName returns a name from a state or a server as it is if it is safe to show, else quoted.
func showName(name string) string {
	if checkField(name) != nil {
		return text.Quote(name)
	}
	return name
}

// plannable is the model of a resource of overrides, as a prior state and as a plan.
type plannable interface {
	located
	scope() harness.Scope
	// plannedID is unknown while one of its parts is.
	plannedID() types.String
	// images are the images by field, "" for one that is not known yet.
	images() map[string]string
	restored() types.Bool
	// exclusive: the resource owns every override of the module and infra.
	exclusive() bool
	// checks are the images for the plan checks, compared with those of the prior state.
	checks(before map[string]string, creating bool) []plannedImage
}

// modifyPlan plans the id as soon as its parts are known, and checks a resource against its account (no
// Read has with -refresh=false), the server and the rest of the plan. It returns the plan, nil if there is
// nothing more to do, and whether it creates an override or set that the state does not have.
func modifyPlan[M plannable](
	ctx context.Context, data *providerData, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) (plan *M, creating bool) {
	var state *M
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	owned := ownership{data, req.Identity, resp.Private}
	if resp.Diagnostics.HasError() || state != nil && !owned.require(ctx, *state, &resp.Diagnostics) {
		return nil, false
	}
	if plan != nil {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("id"), (*plan).plannedID())...)
		restored := types.BoolValue(false)
		if state != nil {
			restored = (*state).restored()
		}
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("restored"), restored)...)
	}
	if !data.known() || plan == nil && state == nil || plan != nil && (*plan).plannedID().IsUnknown() {
		return nil, false
	}
	step := newPlanStep(ctx, owned, state, plan, &resp.Diagnostics)
	diags := step.note(ctx, owned)
	if step.restores() {
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root("restored"), types.BoolUnknown())...)
	}
	if plan != nil && !diags.HasError() {
		before := step.Before
		if step.creating { // those are of another override
			before = nil
		}
		diags.Append(data.checkPlan(ctx, (*plan).scope(), (*plan).checks(before, step.creating))...)
	}
	resp.Diagnostics.Append(data.toleratedInDestroy(diags)...)
	if diags.HasError() {
		return nil, false
	}
	return plan, step.creating
}

// planStep is what a plan makes of a resource.
type planStep struct {
	owners.Step
	object  string // the id that distinguishes it from all others
	subject fmt.Stringer
	// creating: the plan creates an override or set that the state does not have.
	creating bool
}

// newPlanStep makes a step of a state and a plan, one of which may be nil.
func newPlanStep[M plannable](ctx context.Context, owned ownership, state, plan *M, diags *diag.Diagnostics) planStep {
	if state == nil { // only the second half of a replacement has a private state
		object := recall[string](ctx, owned.private, objectKey, diags)
		step := planStep{object: object, subject: (*plan).subject(), creating: object == ""}
		if step.creating {
			step.object = rand.Text()
		}
		step.Step = owners.Step{Scope: (*plan).scope(), Exclusive: (*plan).exclusive(), After: (*plan).images()}
		return step
	}
	step := planStep{object: owned.object(ctx, diags), subject: (*state).subject()}
	step.Step = owners.Step{
		Scope: (*state).scope(), Exclusive: (*state).exclusive(), Before: (*state).images(), Shared: owned.shared(ctx, diags),
	}
	switch {
	case plan == nil:
	case (*state).plannedID() != (*plan).plannedID():
		// The first half of a replacement. CLIs show only its warnings, so it counts as a create.
		step.creating = true
	default:
		step.After = (*plan).images()
	}
	return step
}

// restores reports whether a resource must be written even if nothing changes, because a destroyed object
// may reset what this one keeps.
func (s *planStep) restores() bool { return s.Before != nil && s.After != nil && len(s.Shared) > 0 }

// note adds the step to the plan and returns the warnings and errors. The fields that it shares with
// another object go into private state, where the apply finds them.
func (s *planStep) note(ctx context.Context, owned ownership) (diags diag.Diagnostics) {
	fields, err := owned.data.plan.Add(s.object, s.Step)
	if err != nil {
		what := "plan the image override"
		if s.Exclusive {
			what = "plan the image overrides"
		}
		return diag.Diagnostics{owned.data.failure(what, s.subject, err)}
	}
	if s.Before != nil {
		s.Shared = fields
		remember(ctx, owned.private, sharedKey, fields, &diags)
		stays := make(map[string]bool, len(s.Before))
		for field := range s.Before {
			_, stays[field] = s.After[field]
		}
		owned.data.account.Hold(s.object, s.Scope, stays)
	}
	shared := targets{s.Scope, s.Shared}
	switch {
	case len(s.Shared) == 0:
	case s.After != nil:
		diags.Append(diag.NewWarningDiagnostic(fmt.Sprintf("Another object in the state also has %s", shared.names()),
			whoShares+" If this plan destroys it, that would reset what this resource keeps, so the apply stores the image "+
				"again. If both are in the configuration, remove one: the override stays."))
	default:
		diags.Append(leftToAnother(shared))
	}
	return diags
}

// whoShares explains how two objects in a state come to have one override.
const whoShares = "If the plan names a deposed object, that is the other one, left behind by an interrupted " +
	"replacement; otherwise it is a resource at another address: renamed, imported twice, or a set that replaced " +
	"single overrides."

// leftToAnother is the warning that an object leaves the state without a reset.
func leftToAnother(shared targets) diag.Diagnostic {
	return diag.NewWarningDiagnostic(fmt.Sprintf("Will not reset %s, which another object in the state also "+
		"has", shared.names()),
		whoShares+" That object decides what happens to the override. This one only leaves the "+
			"state.\n\n"+facts(shared, nil))
}

// names returns the ids of the overrides, as in "ci/K8/addonTag and ci/K8/gitCloneTag".
func (t targets) names() string {
	names := make([]string, len(t.fields))
	for i, field := range t.fields {
		names[i] = execconfig.Target{Scope: t.Scope, Field: field}.String()
	}
	return text.And(names)
}
