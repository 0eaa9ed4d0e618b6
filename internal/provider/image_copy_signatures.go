package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

// readAttached checks that the destination still has what was copied along with the image. If not, it sets
// signatures to false, so that the plan shows that the apply copies it again. What others have added is
// left alone.
func (r *imageCopyResource) readAttached(ctx context.Context, state *imageCopyModel, memory copyMemory, diags *diag.Diagnostics) {
	if !state.Signatures.ValueBool() {
		return
	}
	var attached []registry.Attached
	memory.load(ctx, attachedKey, &attached, diags)
	var refs []string
	for _, one := range attached {
		refs = append(refs, one.Ref)
	}
	lost, err := r.data.pulls.Missing(ctx, refs)
	destination := imageName(state.Destination.ValueString())
	if err != nil {
		diags.Append(failure("read the signatures of the image copy", destination, err))
		return
	}
	if len(lost) == 0 {
		return
	}
	state.Signatures = types.BoolValue(false)
	diags.AddAttributeWarning(path.Root("signatures"), fmt.Sprintf("Signatures of %s are gone", destination),
		"The destination no longer has what was copied along with the image:\n\n  "+strings.Join(lost, "\n  ")+
			"\n\nThe plan shows it as signatures = false, and an apply with signatures = true copies it again.")
}
