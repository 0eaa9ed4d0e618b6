package provider

import (
	"fmt"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// checkDead finds an override that another module ignores. The rules that hold for some builds only are in the
// documentation: a warning about them could not be acted on.
func checkDead(server execconfig.PlanImages, planned plannedImage) []finding {
	owner := pulls.OwnerOf(server.Scope.Module, planned.field)
	if !planned.changes || owner == server.Scope.Module {
		return nil
	}
	return []finding{{
		cause: cause{
			fmt.Sprintf("Overrides have no effect in the module %s", server.Scope.Module),
			fmt.Sprintf("The defaults list these fields, but they belong to the module %s, which reads only its own overrides:", owner),
			fmt.Sprintf("Set module = %q. The attribute own_images of harnessci_default_images leaves such fields out.", string(owner)),
		},
		target: execconfig.Target{Scope: server.Scope, Field: planned.field}, at: planned.fieldPath,
		facts: text.Facts{{Name: "planned", Value: planned.image}},
	}}
}
