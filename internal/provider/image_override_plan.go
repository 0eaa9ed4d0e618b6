package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// ModifyPlan says what a plan of an override means.
func (r *imageOverrideResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	modifyPlan[imageOverrideModel](ctx, r.data, req, resp)
}

// checks returns the image as the plan checks want it.
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
