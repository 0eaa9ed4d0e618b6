package provider

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

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
