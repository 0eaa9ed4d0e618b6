package provider

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
	datasource "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	resource "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// Defaults of module and infra.
const (
	defaultModule = harness.CI
	defaultInfra  = harness.K8
)

const (
	moduleDescription = "Harness module that runs the images: `ci`, `iacm`, `idp` or `dbops` (Database DevOps). Defaults to `" + string(defaultModule) + "`."
	infraDescription  = "Build infrastructure that the images run on: `K8` or `VM`, in upper or lower case. Defaults to " +
		"`" + string(defaultInfra) + "`. `ECS` is passed on to Harness as well: it has defaults, which equal those of " +
		"`K8`, and whether it takes overrides is not known. The module `dbops` has none: omit it there, and it is null."
)

// moduleAttribute is the module of a resource.
func moduleAttribute() resource.StringAttribute {
	return resource.StringAttribute{
		Optional:            true,
		Computed:            true,
		Default:             stringdefault.StaticString(string(defaultModule)),
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		Validators:          []validator.String{moduleValidator()},
		MarkdownDescription: moduleDescription + " Changing this forces a new resource.",
	}
}

// infraAttribute is the infra of a resource.
func infraAttribute() resource.StringAttribute {
	return resource.StringAttribute{
		Optional:            true,
		Computed:            true,
		PlanModifiers:       []planmodifier.String{infraDefault{}, stringplanmodifier.RequiresReplace()},
		Validators:          []validator.String{infraValidator(), noInfraWithout{}},
		MarkdownDescription: infraDescription + " Changing this forces a new resource.",
	}
}

// moduleDataAttribute is the module of a data source.
func moduleDataAttribute() datasource.StringAttribute {
	return datasource.StringAttribute{
		Optional:            true,
		Computed:            true,
		Validators:          []validator.String{moduleValidator()},
		MarkdownDescription: moduleDescription,
	}
}

// infraDataAttribute is the infra of a data source.
func infraDataAttribute() datasource.StringAttribute {
	return datasource.StringAttribute{
		Optional:            true,
		Computed:            true,
		Validators:          []validator.String{infraValidator(), noInfraWithout{}},
		MarkdownDescription: infraDescription,
	}
}

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

// fieldPattern is wider than every field seen so far, yet needs no escaping in an id, a message or a
// request.
var fieldPattern = text.Regexp(`^[A-Za-z0-9_.-]{1,128}$`)

// parseID reads an override's id, as written for an import: "ci/K8/gitCloneTag", or "K8/gitCloneTag" for
// ci. Errors say what is wrong with it and list the valid forms.
func parseID(id string) (execconfig.Target, error) {
	parts := strings.Split(id, "/")
	switch {
	case len(parts) == 2 && !harness.Module(parts[0]).HasInfras():
		parts = []string{parts[0], "", parts[1]}
	case len(parts) == 2:
		parts = append([]string{string(harness.CI)}, parts...)
	}
	if len(parts) != 3 {
		return execconfig.Target{}, fmt.Errorf("%s does not have two or three parts between slashes. %s", text.Quote(id), idForms)
	}
	t, err := checkTarget(parts[0], parts[1], parts[2])
	if err != nil {
		return execconfig.Target{}, fmt.Errorf("in %s, %w. %s", text.Quote(id), err, idForms)
	}
	return t, nil
}

const idForms = "The id of an override is module/infra/field, such as ci/K8/gitCloneTag, " +
	"or infra/field, such as K8/gitCloneTag, for the module ci; for the module dbops it is dbops/field."

// checkTarget checks the parts of an override's id.
func checkTarget(module, infra, field string) (execconfig.Target, error) {
	scope, err := checkScope(module, infra)
	if err != nil {
		return execconfig.Target{}, err
	}
	if err := checkField(field); err != nil {
		return execconfig.Target{}, err
	}
	return execconfig.Target{Scope: scope, Field: field}, nil
}

// checkScope checks the parts of an id that name a module and infra.
func checkScope(module, infra string) (harness.Scope, error) {
	m, err := checkModule(module)
	if err != nil {
		return harness.Scope{}, err
	}
	if !m.HasInfras() {
		if infra != "" {
			return harness.Scope{}, errNoInfra(m)
		}
		return harness.Scope{Module: m}, nil
	}
	i, err := checkInfra(infra)
	if err != nil {
		return harness.Scope{}, err
	}
	return harness.Scope{Module: m, Infra: i}, nil
}

// otherModuleNames are names of modules in paths and pages of Harness that people take for the module.
var otherModuleNames = map[string]harness.Module{"iacm-manager": harness.IaCM}

// checkModule checks the name of a module.
func checkModule(name string) (harness.Module, error) {
	if meant, ok := otherModuleNames[strings.ToLower(name)]; ok {
		return "", fmt.Errorf("there is no module %q: did you mean %q?", name, meant)
	}
	return spelled("module", harness.Modules(), name)
}

// checkInfra checks the name of an infra, which may be written in any case, as for the server.
func checkInfra(name string) (harness.Infra, error) {
	for _, infra := range harness.Infras() {
		if strings.EqualFold(string(infra), name) {
			return infra, nil
		}
	}
	return spelled("infra", harness.Infras(), name)
}

// spelled returns the allowed name that was given, in the case it is written in.
func spelled[T ~string](kind string, allowed []T, given string) (T, error) {
	names := make([]string, len(allowed))
	for i, name := range allowed {
		if string(name) == given {
			return name, nil
		}
		if strings.EqualFold(string(name), given) {
			return "", fmt.Errorf("the %s is written %q, not %s", kind, name, text.Quote(given))
		}
		names[i] = strconv.Quote(string(name))
	}
	return "", fmt.Errorf("the %s is one of %s, not %s", kind, strings.Join(names, ", "), text.Quote(given))
}

// checkField returns why a string cannot be a field; only the server knows which fields exist.
func checkField(field string) error {
	if fieldPattern().MatchString(field) {
		return nil
	}
	return fmt.Errorf("the field %s does not consist of 1 to 128 letters, digits, dots, hyphens and underscores, "+
		"such as gitCloneTag", text.Quote(field))
}

const (
	maxSuggestions = 3
	// minTolerance covers a forgotten "Tag", the most common slip.
	minTolerance = 3
)

// nearestFields returns the known fields that a misspelled one may mean, the likeliest first and at most
// three. If one differs only in case, it is returned alone. Names that no field can have are left out: they
// come from the server, and the result is shown.
func nearestFields(field string, known []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var near []candidate
	for _, name := range known {
		switch {
		case checkField(name) != nil:
			continue
		case strings.EqualFold(name, field):
			return []string{name}
		}
		distance := levenshtein.Distance(strings.ToLower(name), strings.ToLower(field), nil)
		if distance <= max(minTolerance, max(len(name), len(field))/3) {
			near = append(near, candidate{name, distance})
		}
	}
	slices.SortFunc(near, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), strings.Compare(a.name, b.name))
	})
	var names []string
	for _, c := range near[:min(len(near), maxSuggestions)] {
		names = append(names, c.name)
	}
	return names
}

// oddities returns one warning for everything odd in answers that this run has not reported yet.
func (d *providerData) oddities() diag.Diagnostics {
	if d.client == nil {
		return nil
	}
	odd := d.client.Oddities()
	if len(odd) == 0 {
		return nil
	}
	for i, said := range odd {
		odd[i] = text.Sentence(said)
	}
	return diag.Diagnostics{diag.NewWarningDiagnostic("The server's answers contain invalid values",
		strings.Join(odd, "\n")+"\n\nThe rest of the answers is used. Set these fields again, or contact Harness "+
			"support.")}
}
