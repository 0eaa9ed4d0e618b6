package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
)

// plannable is the model of a resource, M itself, as a prior state and as a plan.
type plannable[M any] interface {
	plannedID() types.String
	sameImages(other M) bool
}

// notePhases enters a resource in the plan, by what the plan makes of it: there is no prior state (nil)
// of what is created, and no plan of what is destroyed. It returns whether the resource is to be made,
// and what note says against it.
func notePhases[M plannable[M]](state, plan *M, note func(M, execconfig.Phase) diag.Diagnostics) (creating bool, diags diag.Diagnostics) {
	switch {
	case plan == nil && state == nil:
		return false, nil
	case plan == nil:
		return false, note(*state, execconfig.Destroying)
	case state == nil:
		return true, note(*plan, execconfig.Creating)
	case (*state).plannedID() != (*plan).plannedID():
		// A replacement is planned twice, and is noted as Creating the second time. CLIs show the warnings
		// of the first time only, so that it counts as made from now on.
		return true, note(*state, execconfig.Destroying)
	case (*state).sameImages(*plan):
		return false, note(*plan, execconfig.Keeping)
	}
	return false, note(*plan, execconfig.Changing)
}
