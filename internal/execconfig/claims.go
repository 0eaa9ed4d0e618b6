package execconfig

import (
	"slices"
	"sync"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// claims remembers which resource of this run sets what, so that two of them that want the same
// override are told instead of overwriting each other, and no reset undoes a set.
type claims struct {
	mu sync.Mutex
	// fields holds the overrides that single resources set: true once the server has said yes.
	fields map[Target]bool
	// scopes holds, per module and infra that an exclusive set owns, its overrides likewise.
	scopes map[harness.Scope]map[string]bool
	// resets holds the overrides whose reset has left.
	resets map[Target]bool
}

func newClaims() *claims {
	return &claims{fields: map[Target]bool{}, scopes: map[harness.Scope]map[string]bool{}, resets: map[Target]bool{}}
}

// set claims one override for a single resource, until setDone.
func (c *claims) set(target Target) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, taken := c.scopes[target.Scope]; taken {
		return &ConflictError{Scope: target.Scope, Fields: []string{target.Field}}
	}
	if _, taken := c.fields[target]; taken {
		return &DuplicateError{target}
	}
	c.fields[target] = false
	return nil
}

// setDone makes the claim final, or gives it back where the server did not say yes.
func (c *claims) setDone(target Target, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if Acknowledged(err) {
		c.fields[target] = true
	} else {
		delete(c.fields, target)
	}
}

// setScope claims a module and infra for an exclusive set of the given fields, until setScopeDone. It
// returns those of keep whose reset has left in this run, so that they may no longer be what the
// caller saw.
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
		wanted[field] = false
	}
	for field := range keep {
		reset := c.resets[Target{scope, field}]
		wanted[field] = !reset
		if reset {
			gone = append(gone, field)
		}
	}
	c.scopes[scope] = wanted
	return gone, nil
}

// setScopeDone gives back what an exclusive set did not get stored. What it did, and what it found in
// place, stays its own: a reset of the same run must not undo that.
func (c *claims) setScopeDone(scope harness.Scope, failed FieldErrors) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for field := range c.scopes[scope] {
		if Acknowledged(failed[field]) {
			c.scopes[scope][field] = true
		} else {
			delete(c.scopes[scope], field)
		}
	}
}

// What may become of a reset.
type resetVerdict int

const (
	mayLeave resetVerdict = iota
	mustWait              // until the set of the same override has ended
	isKept                // by a resource of this run that has set it
)

// reset says whether a reset may leave, and notes that it does.
func (c *claims) reset(target Target) resetVerdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	stored, claimed := c.fields[target]
	if !claimed {
		stored, claimed = c.scopes[target.Scope][target.Field]
	}
	switch {
	case !claimed:
		c.resets[target] = true
		return mayLeave
	case stored:
		return isKept
	}
	return mustWait
}
