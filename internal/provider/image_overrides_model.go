package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// imageOverridesModel is a harnessci_image_overrides, in configuration, plan and state.
type imageOverridesModel struct {
	ID       types.String `tfsdk:"id"`
	Module   types.String `tfsdk:"module"`
	Infra    types.String `tfsdk:"infra"`
	Images   types.Map    `tfsdk:"images"`
	Resets   types.Map    `tfsdk:"resets"`
	Restored types.Bool   `tfsdk:"restored"`
}

// newImageOverridesModel returns the model of a set whose images are not known yet.
func newImageOverridesModel(scope harness.Scope) imageOverridesModel {
	return imageOverridesModel{
		ID:       types.StringValue(scope.String()),
		Module:   types.StringValue(string(scope.Module)),
		Infra:    infraValue(scope),
		Images:   types.MapNull(types.StringType),
		Resets:   imagesValue(nil),
		Restored: types.BoolValue(false),
	}
}

// scope returns the module and infra that the set owns; only valid when plannedID is known.
func (m imageOverridesModel) scope() harness.Scope { return scopeOf(m.Module, m.Infra) }

// plannedID returns the id that the set will have; unknown while one of its parts is.
func (m imageOverridesModel) plannedID() types.String {
	if m.Module.IsUnknown() || m.Infra.IsUnknown() {
		return types.StringUnknown()
	}
	return types.StringValue(m.scope().String())
}

// subject is the module and infra.
func (m imageOverridesModel) subject() fmt.Stringer { return m.scope() }

// check says what is wrong with the names of module and infra.
func (m imageOverridesModel) check() error {
	_, err := checkScope(m.Module.ValueString(), m.Infra.ValueString())
	return err
}

// restored is the attribute of that name.
func (m imageOverridesModel) restored() types.Bool { return m.Restored }

// exclusive: the set owns all overrides of its module and infra.
func (m imageOverridesModel) exclusive() bool { return true }

// values returns the listed images by field, each of which may be unknown; none while the whole
// map is.
func (m imageOverridesModel) values() map[string]types.String {
	elements := m.Images.Elements()
	values := make(map[string]types.String, len(elements))
	for field, element := range elements {
		if value, ok := element.(types.String); ok {
			values[field] = value
		}
	}
	return values
}

// images returns the listed images by field, "" for one that is not known yet.
func (m imageOverridesModel) images() map[string]string {
	values := m.values()
	images := make(map[string]string, len(values))
	for field, value := range values {
		images[field] = value.ValueString()
	}
	return images
}

// resets returns what the plan shows as reset, by field.
func (m imageOverridesModel) resets() map[string]string {
	m.Images = m.Resets
	return m.images()
}

// withImages returns the model with other images.
func (m imageOverridesModel) withImages(images map[string]string) imageOverridesModel {
	m.Images = imagesValue(images)
	return m
}

// imagesValue returns images by field as an attribute's value.
func imagesValue(images map[string]string) types.Map {
	elements := make(map[string]attr.Value, len(images))
	for field, image := range images {
		elements[field] = types.StringValue(image)
	}
	return types.MapValueMust(types.StringType, elements)
}

// imageOverridesIdentity identifies a harnessci_image_overrides among those of all accounts.
type imageOverridesIdentity struct {
	AccountID types.String `tfsdk:"account_id"`
	Module    types.String `tfsdk:"module"`
	Infra     types.String `tfsdk:"infra"`
}

// identity returns the imageOverridesIdentity that the set has in an account.
func (m imageOverridesModel) identity(account types.String) any {
	return imageOverridesIdentity{AccountID: account, Module: m.Module, Infra: infraValue(m.scope())}
}
