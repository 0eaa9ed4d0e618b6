// Package owners decides who has which override in a run: at plan among the objects of a state (Plan), at
// apply among the writes of their resources (Claims). It sends nothing and knows nothing of Terraform.
package owners

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

// Named prefixes a message with the target.
func (t Target) Named(message string) string { return t.String() + ": " + message }

// Facts returns the module, the infra and the field by name.
func (t Target) Facts() text.Facts {
	return append(t.Scope.Facts(), text.Fact{Name: "field", Value: t.Field})
}
