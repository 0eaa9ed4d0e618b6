package execconfig

import (
	"slices"
	"sync"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// claims remembers which resource of this run owns what, so that two of them that want the same
// override are told instead of overwriting each other.
type claims struct {
	mu sync.Mutex
	// fields holds the overrides that single resources set.
	fields map[Target]bool
	// scopes holds, per module and infra that an exclusive set owns, the fields it wants kept.
	scopes map[harness.Scope]map[string]bool
	// resets holds the overrides whose reset has left.
	resets map[Target]bool
	// planned and plannedScopes hold what the plan of this run has shown so far.
	planned       map[harness.Scope][]string
	plannedScopes map[harness.Scope]bool
}

func newClaims() *claims {
	return &claims{
		fields:        map[Target]bool{},
		scopes:        map[harness.Scope]map[string]bool{},
		resets:        map[Target]bool{},
		planned:       map[harness.Scope][]string{},
		plannedScopes: map[harness.Scope]bool{},
	}
}

// set claims one override for a single resource.
func (c *claims) set(target Target) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, taken := c.scopes[target.Scope]; taken {
		return &ConflictError{Scope: target.Scope, Fields: []string{target.Field}}
	}
	if c.fields[target] {
		return &DuplicateError{target}
	}
	c.fields[target] = true
	return nil
}

// release gives a claim back after its write failed.
func (c *claims) release(target Target) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.fields, target)
}

// setScope claims a module and infra for an exclusive set of the given fields. It returns those of
// keep whose reset has left in this run, so that they may no longer be what the caller saw.
func (c *claims) setScope(scope harness.Scope, set, keep map[string]string) (gone []string, _ error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var singles []string
	for target := range c.fields {
		if target.Scope == scope {
			singles = append(singles, target.Field)
		}
	}
	_, taken := c.scopes[scope]
	if taken || len(singles) > 0 {
		slices.Sort(singles)
		return nil, &ConflictError{Scope: scope, Fields: singles}
	}
	wanted := make(map[string]bool, len(set)+len(keep))
	for field := range set {
		wanted[field] = true
	}
	for field := range keep {
		wanted[field] = true
		if c.resets[Target{scope, field}] {
			gone = append(gone, field)
		}
	}
	c.scopes[scope] = wanted
	return gone, nil
}

// releaseFailed gives back what an exclusive set did not get stored. What it did, and what it found in
// place, stays its own: a reset of the same run must not undo that.
func (c *claims) releaseFailed(scope harness.Scope, failed FieldErrors) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for field, err := range failed {
		if !Acknowledged(err) {
			delete(c.scopes[scope], field)
		}
	}
}

// reset notes that a reset leaves, unless a resource of this run wants the override to stay; it
// reports whether it may leave.
func (c *claims) reset(target Target) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fields[target] || c.scopes[target.Scope][target.Field] {
		return false
	}
	c.resets[target] = true
	return true
}

// plan notes a single override in the plan.
func (c *claims) plan(scope harness.Scope, field string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.planned[scope], field) {
		c.planned[scope] = append(c.planned[scope], field)
		slices.Sort(c.planned[scope])
	}
	return c.planConflict(scope)
}

// planScope notes an exclusive set in the plan.
func (c *claims) planScope(scope harness.Scope) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plannedScopes[scope] = true
	return c.planConflict(scope)
}

func (c *claims) planConflict(scope harness.Scope) error {
	if c.plannedScopes[scope] && len(c.planned[scope]) > 0 {
		return &ConflictError{Scope: scope, Fields: slices.Clone(c.planned[scope])}
	}
	return nil
}
