package provider

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// writtenInfra is the infra of a data source as its configuration writes it, with the default filled in.
func writtenInfra(written types.String, scope harness.Scope) types.String {
	if written.IsNull() {
		return infraValue(scope)
	}
	return written
}

// infraValue is the infra of a scope as an attribute: null if its module has none.
func infraValue(scope harness.Scope) types.String {
	if !scope.Module.HasInfras() {
		return types.StringNull()
	}
	return types.StringValue(string(scope.Infra))
}

// errNoInfra says that a module has no infra, as part of a sentence.
func errNoInfra(module harness.Module) error {
	return fmt.Errorf("the module %s has no infra: omit infra", module)
}

// noInfraWithout refuses an infra with a module that has none.
type noInfraWithout struct{}

// Description says what the validator requires.
func (noInfraWithout) Description(context.Context) string {
	return "must be omitted if the module has no infra"
}

// MarkdownDescription says what the validator requires.
func (v noInfraWithout) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateString checks an infra against the module.
func (noInfraWithout) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	var module types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("module"), &module)...)
	if m := harness.Module(module.ValueString()); !req.ConfigValue.IsNull() && !m.HasInfras() {
		resp.Diagnostics.Append(errorCheck("infra", func(string) error { return errNoInfra(m) })(req.Path, "")...)
	}
}

// infraDefault plans the infra that a configuration omits, and keeps the state's where the configuration's
// differs only in case. The default depends on the module, so a static one cannot do.
type infraDefault struct{}

// Description returns what the modifier does.
func (infraDefault) Description(context.Context) string {
	return "defaults to " + string(defaultInfra) + ", and ignores the case"
}

// MarkdownDescription returns what the modifier does.
func (m infraDefault) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

// PlanModifyString plans an omitted infra, or one in another case.
func (infraDefault) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.ConfigValue.IsNull() {
		var module types.String
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("module"), &module)...)
		if module.IsUnknown() {
			resp.PlanValue = types.StringUnknown()
			return
		}
		resp.PlanValue = infraValue(scopeOf(module, types.StringNull()))
	}
	if planned := resp.PlanValue.ValueString(); planned != "" && strings.EqualFold(planned, req.StateValue.ValueString()) {
		resp.PlanValue = req.StateValue
	}
}

// scopeOf returns the scope of a module and infra, with defaults filled in.
func scopeOf(module, infra types.String) harness.Scope {
	scope := harness.Scope{
		Module: cmp.Or(harness.Module(module.ValueString()), defaultModule),
		Infra:  harness.Infra(strings.ToUpper(infra.ValueString())),
	}
	if scope.Module.HasInfras() {
		scope.Infra = cmp.Or(scope.Infra, defaultInfra)
	}
	return scope
}
