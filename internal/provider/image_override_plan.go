package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// ModifyPlan checks the plan of an override and warns of its effects.
func (r *imageOverrideResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	modifyPlan[imageOverrideModel](ctx, r.data, req, resp)
}

// checks returns the image for the plan checks.
func (m imageOverrideModel) checks(before map[string]string, creating bool) []plannedImage {
	field, image := m.Field.ValueString(), m.Value.ValueString()
	return []plannedImage{{
		field:     field,
		fieldPath: path.Root("field"),
		image:     image,
		imagePath: path.Root("value"),
		creating:  creating,
		changes:   image == "" || image != before[field],
	}}
}
