package owners

import (
	"slices"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// Turn is when a reset may be sent.
type Turn int

const (
	// Now means that no resource of this run sets the override.
	Now Turn = iota
	// Later means that a set of the same override is on its way, and decides.
	Later
	// Never means that this run has set the override, and a reset would undo that.
	Never
)

// Claims are what the resources of a run set and reset as it is applied, so that no override has two owners
// and no reset undoes a set. It is not safe for concurrent use.
type Claims struct {
	// sets has the overrides that resources set: true once the server has acknowledged it.
	sets map[Target]bool
	// resets has the overrides whose reset has left: true once it is done.
	resets map[Target]bool
	// exclusive has the modules and infras that an exclusive set owns.
	exclusive map[harness.Scope]bool
}

// NewClaims returns those of a run that has written nothing.
func NewClaims() *Claims {
	return &Claims{sets: map[Target]bool{}, resets: map[Target]bool{}, exclusive: map[harness.Scope]bool{}}
}

// Claim is for one resource that is about to set overrides: all or none. An exclusive set names the module
// and infra that it owns, any other resource none. The error is a *DuplicateError or a *ConflictError.
func (c *Claims) Claim(sets []Target, owned harness.Scope) error {
	if err := c.conflict(sets, owned); err != nil {
		return err
	}
	if owned != (harness.Scope{}) {
		c.exclusive[owned] = true
	}
	for _, target := range sets {
		c.sets[target] = false
	}
	return nil
}

func (c *Claims) conflict(sets []Target, owned harness.Scope) error {
	if owned != (harness.Scope{}) {
		var singles []string
		for target := range c.sets {
			if target.Scope == owned && !c.exclusive[owned] {
				singles = append(singles, target.Field)
			}
		}
		if c.exclusive[owned] || len(singles) > 0 {
			slices.Sort(singles)
			return &ConflictError{Scope: owned, Fields: singles}
		}
		return nil
	}
	for _, target := range sets {
		if c.exclusive[target.Scope] {
			return &ConflictError{Scope: target.Scope, Fields: []string{target.Field}}
		}
		if _, claimed := c.sets[target]; claimed {
			return &DuplicateError{target}
		}
	}
	return nil
}

// Claimed reports whether a resource sets an override.
func (c *Claims) Claimed(target Target) bool {
	_, claimed := c.sets[target]
	return claimed
}

// SetEnded makes a claim final or, if the server has not acknowledged the set, gives it up.
func (c *Claims) SetEnded(target Target, acknowledged bool) {
	if acknowledged {
		c.sets[target] = true
	} else {
		delete(c.sets, target)
	}
}

// ResetTurn returns when a reset may be sent.
func (c *Claims) ResetTurn(target Target) Turn {
	switch stored, claimed := c.sets[target]; {
	case !claimed:
		return Now
	case stored:
		return Never
	}
	return Later
}

// ResetLeft records that a reset has left.
func (c *Claims) ResetLeft(target Target) { c.resets[target] = false }

// ResetDone records that a reset is stored.
func (c *Claims) ResetDone(target Target) { c.resets[target] = true }

// Touched reports whether a reset of an override has left in this run, whatever became of it.
func (c *Claims) Touched(target Target) bool {
	_, left := c.resets[target]
	return left
}

// WasReset reports whether this run has reset an override.
func (c *Claims) WasReset(target Target) bool { return c.resets[target] }
