package execconfig

import (
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// Target names one override: a field of a module and infra.
type Target struct {
	Scope harness.Scope
	Field string
}

// String returns the target as it appears in resource ids: "ci/K8/gitCloneTag".
func (t Target) String() string { return t.Scope.String() + "/" + t.Field }

// named prefixes a message with the target.
func (t Target) named(text string) string { return t.String() + ": " + text }

// Facts returns the module, the infra and the field by name.
func (t Target) Facts() text.Facts {
	return append(t.Scope.Facts(), text.Fact{Name: "field", Value: t.Field})
}
