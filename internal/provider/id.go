package provider

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// fieldPattern is wider than every field seen so far and narrow enough to stand in an id, a
// message and a request without being escaped.
var fieldPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)

// parseID reads an override's id, as written for an import: "ci/K8/gitCloneTag", or
// "K8/gitCloneTag" for ci. Errors say what is wrong with it and which forms there are.
func parseID(id string) (execconfig.Target, error) {
	parts := strings.Split(id, "/")
	if len(parts) == 2 {
		parts = append([]string{string(harness.CI)}, parts...)
	}
	if len(parts) != 3 {
		return execconfig.Target{}, fmt.Errorf("%s does not have two or three parts between slashes. %s", quote(id), idForms)
	}
	t, err := checkTarget(parts[0], parts[1], parts[2])
	if err != nil {
		return execconfig.Target{}, fmt.Errorf("in %s, %w. %s", quote(id), err, idForms)
	}
	return t, nil
}

const idForms = "The id of an override is module/infra/field, such as ci/K8/gitCloneTag, " +
	"or infra/field, such as K8/gitCloneTag, for the module ci."

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
	m, err := spelled("module", harness.Modules(), module)
	if err != nil {
		return harness.Scope{}, err
	}
	i, err := spelled("infra", harness.Infras(), infra)
	if err != nil {
		return harness.Scope{}, err
	}
	return harness.Scope{Module: m, Infra: i}, nil
}

// spelled returns the allowed name that a text is. The server forgives another spelling, an id
// does not: "k8" and "K8" would be two resources for one override.
func spelled[T ~string](kind string, allowed []T, text string) (T, error) {
	names := make([]string, len(allowed))
	for i, name := range allowed {
		if string(name) == text {
			return name, nil
		}
		if strings.EqualFold(string(name), text) {
			return "", fmt.Errorf("the %s is written %q, not %s", kind, name, quote(text))
		}
		names[i] = strconv.Quote(string(name))
	}
	return "", fmt.Errorf("the %s is one of %s, not %s", kind, strings.Join(names, ", "), quote(text))
}

// checkField reports whether a text can be a field at all; only the server knows which exist.
func checkField(field string) error {
	if fieldPattern.MatchString(field) {
		return nil
	}
	return fmt.Errorf("the field %s is not made of 1 to 128 letters, digits, dots, hyphens and underscores, "+
		"such as gitCloneTag", quote(field))
}

// quote shows a text of unknown origin: escaped, and shortened to what fits into a message.
func quote(text string) string {
	const longest = 80
	if runes := []rune(text); len(runes) > longest {
		return strconv.Quote(string(runes[:longest])) + "…"
	}
	return strconv.Quote(text)
}
