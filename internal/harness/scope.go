package harness

import (
	"slices"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// Module is a Harness module that runs its own images; each has its own overrides.
type Module string

// The modules that serve the execution-config calls.
const (
	CI   Module = "ci"
	IaCM Module = "iacm"
	IDP  Module = "idp"
	// DBOps is Database DevOps, which has no infras.
	DBOps Module = "dbops"
)

// Infra is the build infrastructure an image runs on.
type Infra string

// The infras that the API knows. Of ECS only the answer with the defaults is known, which equals that of
// K8; whether the server takes writes for it is not.
const (
	K8  Infra = "K8"
	VM  Infra = "VM"
	ECS Infra = "ECS"
)

// modulePaths holds the path prefix of each module's execution-config calls.
var modulePaths = map[Module]string{CI: "ci", IaCM: "iacm-manager", IDP: "idp"}

// Modules returns every module, in the order they are documented.
func Modules() []Module { return []Module{CI, IaCM, IDP, DBOps} }

// HasInfras reports whether the module has images for each infra, not just one set.
func (m Module) HasInfras() bool { return m != DBOps }

// Infras returns the infras that the module is documented to have images for; an empty one if it has none.
func (m Module) Infras() []Infra {
	if !m.HasInfras() {
		return []Infra{""}
	}
	return []Infra{K8, VM}
}

// Infras returns every infra, in the order they are documented.
func Infras() []Infra { return []Infra{K8, VM, ECS} }

// Scope names one set of images: those of a module on an infra. Infra is empty if the module has none.
type Scope struct {
	Module Module
	Infra  Infra
}

// Valid reports whether both parts are known, spelled as the API spells them.
func (s Scope) Valid() bool {
	if !s.Module.HasInfras() {
		return s.Infra == ""
	}
	return slices.Contains(Modules(), s.Module) && slices.Contains(Infras(), s.Infra)
}

// String returns the scope as it appears in ids and messages: "ci/K8", or "dbops".
func (s Scope) String() string {
	if !s.Module.HasInfras() {
		return string(s.Module)
	}
	return string(s.Module) + "/" + string(s.Infra)
}

// Facts returns the module and, if it has any, the infra by name.
func (s Scope) Facts() text.Facts {
	if !s.Module.HasInfras() {
		return text.Facts{{Name: "module", Value: string(s.Module)}}
	}
	return text.Facts{{Name: "module", Value: string(s.Module)}, {Name: "infra", Value: string(s.Infra)}}
}
