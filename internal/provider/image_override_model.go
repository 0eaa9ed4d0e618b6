package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// imageOverrideModel is a harnessci_image_override, in configuration, plan and state.
type imageOverrideModel struct {
	ID       types.String `tfsdk:"id"`
	Module   types.String `tfsdk:"module"`
	Infra    types.String `tfsdk:"infra"`
	Field    types.String `tfsdk:"field"`
	Value    types.String `tfsdk:"value"`
	Restored types.Bool   `tfsdk:"restored"`
}

// newImageOverrideModel returns the model of an override whose image is not known yet.
func newImageOverrideModel(target execconfig.Target) imageOverrideModel {
	return imageOverrideModel{
		ID:       types.StringValue(target.String()),
		Module:   types.StringValue(string(target.Scope.Module)),
		Infra:    infraValue(target.Scope),
		Field:    types.StringValue(target.Field),
		Restored: types.BoolValue(false),
	}
}

// target identifies the override; only valid when plannedID is known.
func (m imageOverrideModel) target() execconfig.Target {
	return execconfig.Target{Scope: m.scope(), Field: m.Field.ValueString()}
}

// subject is the override.
func (m imageOverrideModel) subject() fmt.Stringer { return m.target() }

// check says what is wrong with the names of module, infra and field.
func (m imageOverrideModel) check() error {
	_, err := checkTarget(m.Module.ValueString(), m.Infra.ValueString(), m.Field.ValueString())
	return err
}

// scope returns the module and infra of the override.
func (m imageOverrideModel) scope() harness.Scope { return scopeOf(m.Module, m.Infra) }

// restored is the attribute of that name.
func (m imageOverrideModel) restored() types.Bool { return m.Restored }

// exclusive: other resources may have overrides of the same module and infra.
func (m imageOverrideModel) exclusive() bool { return false }

// plannedID returns the id that the model will have; unknown while one of its parts is.
func (m imageOverrideModel) plannedID() types.String {
	if m.Module.IsUnknown() || m.Infra.IsUnknown() || m.Field.IsUnknown() {
		return types.StringUnknown()
	}
	return types.StringValue(m.target().String())
}

// images returns the image by field; none while it is not known, as in an import.
func (m imageOverrideModel) images() map[string]string {
	if m.Value.IsNull() {
		return nil
	}
	return map[string]string{m.Field.ValueString(): m.Value.ValueString()}
}

// imageOverrideIdentity identifies a harnessci_image_override among those of all accounts.
type imageOverrideIdentity struct {
	AccountID types.String `tfsdk:"account_id"`
	Module    types.String `tfsdk:"module"`
	Infra     types.String `tfsdk:"infra"`
	Field     types.String `tfsdk:"field"`
}

// identity returns the imageOverrideIdentity that the override has in an account.
func (m imageOverrideModel) identity(account types.String) any {
	return imageOverrideIdentity{AccountID: account, Module: m.Module, Infra: infraValue(m.scope()), Field: m.Field}
}
