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
	// exclusive: the resource owns every override of the module and infra.
	exclusive() bool
	// checks are the images as the plan checks want them, held against those of the prior state.
	checks(before map[string]string, creating bool) []plannedImage
}

// modifyPlan tells the id as soon as its parts are known, and what the server and the rest of the plan
// have to say about a resource. What belongs to another account is not planned: with -refresh=false,
// no Read has looked at that. It returns the plan, and whether it makes an override or set that
// the state does not hold; nil where there is no more to say.
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
	}
	if !data.known() || plan == nil && state == nil || plan != nil && (*plan).plannedID().IsUnknown() {
		return nil, false
	}
	step := newPlanStep(ctx, owned, state, plan, &resp.Diagnostics)
	diags := step.note(ctx, owned)
	if step.restores() {
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root("id"), types.StringUnknown())...)
	}
	if plan != nil && !diags.HasError() {
		before := step.Before
		if step.creating { // they are those of another override
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
	execconfig.Step
	object  string // the id that tells it from all others
	subject fmt.Stringer
	// creating: the plan makes an override or set that the state does not hold.
	creating bool
}

// newPlanStep takes a state and a plan, of which one may be nil, for a step.
func newPlanStep[M plannable](ctx context.Context, owned ownership, state, plan *M, diags *diag.Diagnostics) planStep {
	if state == nil { // only the second half of a replacement has a private state
		object := recall[string](ctx, owned, objectKey, diags)
		step := planStep{object: object, subject: (*plan).subject(), creating: object == ""}
		if step.creating {
			step.object = rand.Text()
		}
		step.Step = execconfig.Step{Scope: (*plan).scope(), Exclusive: (*plan).exclusive(), After: (*plan).images()}
		return step
	}
	step := planStep{object: owned.object(ctx, diags), subject: (*state).subject()}
	step.Step = execconfig.Step{
		Scope: (*state).scope(), Exclusive: (*state).exclusive(), Before: (*state).images(), Shared: owned.shared(ctx, diags),
	}
	switch {
	case plan == nil:
	case (*state).plannedID() != (*plan).plannedID():
		// The first half of a replacement. CLIs show only its warnings, so that it counts as a create.
		step.creating = true
	default:
		step.After = (*plan).images()
	}
	return step
}

// restores reports that a resource is to be written even where nothing changes, since an object that
// goes may reset what this one holds. It is told so in the plan and, by the state, in the apply.
func (s *planStep) restores() bool { return s.Before != nil && s.After != nil && len(s.Shared) > 0 }

// note enters the step in the plan and returns what is to be said of that. What it shares with another
// object goes into the private state, from where the apply has it.
func (s *planStep) note(ctx context.Context, owned ownership) (diags diag.Diagnostics) {
	fields, err := owned.data.account.Plan(s.object, s.Step)
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
		diags.Append(diag.NewWarningDiagnostic(fmt.Sprintf("Another object of the state holds %s, too", shared.names()),
			whoShares+" If this plan destroys it, that would reset what this resource keeps, so the apply stores the image "+
				"again. If both are in the configuration, remove one: the override stays."))
	default:
		diags.Append(leftToAnother(shared))
	}
	return diags
}

// whoShares says how two objects of a state come to hold one override.
const whoShares = "The other one is a deposed object, which an interrupted replacement left behind, if the plan names one; " +
	"otherwise a resource of another address: renamed, imported twice, or a set that took the place of single overrides."

// leftToAnother is the warning that an object goes without a reset.
func leftToAnother(shared targets) diag.Diagnostic {
	return diag.NewWarningDiagnostic(fmt.Sprintf("Will not reset %s, which another object of the state holds", shared.names()),
		whoShares+" It decides what becomes of the override. This one only leaves the state.\n\n"+facts(shared, nil))
}

// names returns the ids of the overrides, as in "ci/K8/addonTag and ci/K8/gitCloneTag".
func (t targets) names() string {
	names := make([]string, len(t.fields))
	for i, field := range t.fields {
		names[i] = execconfig.Target{Scope: t.Scope, Field: field}.String()
	}
	return text.And(names)
}
