package execconfig

import (
	"slices"
	"sync"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// Phase is what a plan makes of a resource.
type Phase int

// The phases of a plan. A replacement is planned twice: with its prior state, which then is
// Destroying where it is another override, and as Creating.
const (
	Creating   Phase = iota // there is no prior state
	Keeping                 // the prior state is what is planned
	Changing                // the prior state is the same override with another image
	Destroying              // the prior state's override is reset
)

// plans holds what the plan of this run has shown so far, to find resources that contradict one
// another whatever their order. No plan says which resource it is about: what counts is that each
// is planned once in a phase.
type plans struct {
	mu sync.Mutex
	// creating and holding count resources by what they are: a single override, or an exclusive set,
	// which has no field.
	creating, holding map[Target]int
	// kept and destroyed hold single overrides, those of sets included.
	kept, destroyed map[Target]bool
	// singles holds the fields of single overrides that will stand, sorted.
	singles map[harness.Scope][]string
}

func newPlans() *plans {
	return &plans{
		creating: map[Target]int{}, holding: map[Target]int{},
		kept: map[Target]bool{}, destroyed: map[Target]bool{},
		singles: map[harness.Scope][]string{},
	}
}

// PlanSingle notes a single override in the plan. The error is a *DuplicateError, a *ConflictError
// or an *UndoneError where another resource of the plan contradicts it.
func (a *Account) PlanSingle(target Target, phase Phase) error {
	p := a.plans
	p.mu.Lock()
	defer p.mu.Unlock()
	if phase != Destroying && !slices.Contains(p.singles[target.Scope], target.Field) {
		p.singles[target.Scope] = append(p.singles[target.Scope], target.Field)
		slices.Sort(p.singles[target.Scope])
	}
	if p.note(target, []string{target.Field}, phase) {
		return &DuplicateError{target}
	}
	return p.contradiction(target.Scope)
}

// PlanExclusive notes an exclusive set in the plan; fields are those it keeps, or those that its
// prior state lists where it is destroyed. The errors are those of PlanSingle.
func (a *Account) PlanExclusive(scope harness.Scope, fields []string, phase Phase) error {
	p := a.plans
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.note(Target{Scope: scope}, fields, phase) {
		return &ConflictError{Scope: scope}
	}
	return p.contradiction(scope)
}

// note counts a resource and reports whether there is another of the same; p.mu must be held.
func (p *plans) note(resource Target, fields []string, phase Phase) (twice bool) {
	count, overrides := p.holding, p.kept
	switch phase {
	case Creating:
		count, overrides = p.creating, nil
	case Changing:
		overrides = nil
	case Destroying:
		count, overrides = nil, p.destroyed
	case Keeping:
	}
	if overrides != nil {
		for _, field := range fields {
			overrides[Target{resource.Scope, field}] = true
		}
	}
	if count != nil {
		count[resource]++
	}
	return count[resource] > 1
}

// contradiction returns what is wrong with the plan of a module and infra; p.mu must be held.
func (p *plans) contradiction(scope harness.Scope) error {
	set := Target{Scope: scope}
	if p.creating[set]+p.holding[set] > 0 && len(p.singles[scope]) > 0 {
		return &ConflictError{Scope: scope, Fields: slices.Clone(p.singles[scope])}
	}
	var undone []string
	for target := range p.kept {
		if target.Scope == scope && p.destroyed[target] {
			undone = append(undone, target.Field)
		}
	}
	if len(undone) > 0 {
		slices.Sort(undone)
		return &UndoneError{Scope: scope, Fields: undone}
	}
	return nil
}
