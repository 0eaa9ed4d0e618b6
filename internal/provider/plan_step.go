package provider

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

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
		object := recall[string](ctx, owned, objectKey, diags)
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
		owned.remember(ctx, sharedKey, fields, &diags)
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
