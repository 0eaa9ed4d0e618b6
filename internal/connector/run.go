package connector

import (
	"context"
	"errors"
	"sync"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// run records what one run of the provider does to the connector. The zero value is ready to use.
type run struct {
	mu      sync.Mutex
	planned *Planned
	written bool
	// resources counts the plan's resources.
	resources [phases]int
}

// Planned is what a run plans for the connector.
type Planned struct {
	// URL is the registry's, "" for no connector; nil while it is unknown.
	URL *string
}

// Shared returns the connector as of the run's first read, or after its last change. Failures are also
// kept, so that a plan asks once.
func (a *Account) Shared(ctx context.Context) (Found, error) {
	return a.shared.Do(ctx, struct{}{}, a.Read)
}

// Plan records what the run plans for the connector.
func (r *run) Plan(planned Planned) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.planned = &planned
}

func (r *run) noteWritten() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.written = true
}

// Written reports whether this run has set the connector, so that a destroyed resource must not undo it.
func (r *run) Written() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.written
}

// Effective is the connector through which the images of this run will be pulled.
type Effective struct {
	// URL is the registry's; "" for no connector, and for one of another type: those change no name.
	URL string
	// Type is empty for no connector.
	Type string
	// Planned: the run plans this connector, which may not be stored yet.
	Planned bool
	// Anonymous: builds pull without a login; false if that is not known yet.
	Anonymous bool
}

// ErrNotPlanned is why a connector is unknown whose URL is known only in the apply.
var ErrNotPlanned = errors.New("the registry of the image connector is known only after apply")

// Effective returns the planned connector once it is recorded, else the current one. The error is
// ErrNotPlanned or that of the read.
func (a *Account) Effective(ctx context.Context) (Effective, error) {
	a.mu.Lock()
	planned := a.planned
	a.mu.Unlock()
	if planned != nil {
		if planned.URL == nil {
			return Effective{}, ErrNotPlanned
		}
		effective := Effective{URL: *planned.URL, Planned: true}
		if effective.URL != "" {
			effective.Type = harness.DockerRegistry
		}
		return effective, nil
	}
	found, err := a.Shared(ctx)
	return Effective{URL: found.Registry.URL, Type: found.Type, Anonymous: err == nil && found.Anonymous()}, err
}

// Phase is what a plan does to a connector resource.
type Phase int

// The phases.
const (
	Creating Phase = iota
	Holding
	Destroying
	phases
)

// Conflict is what is wrong with several resources of one connector.
type Conflict int

// The conflicts.
const (
	NoConflict Conflict = iota
	Twice               // one is created alongside another
	HeldTwice           // two already manage it
	Renamed             // one is destroyed and another created
)

// PlanResource records a connector resource and returns what is wrong with all recorded so far.
func (r *run) PlanResource(phase Phase) Conflict {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.resources[phase]++
	creating, holding, destroying := r.resources[Creating], r.resources[Holding], r.resources[Destroying]
	switch {
	case creating > 0 && creating+holding > 1:
		return Twice
	case holding > 1:
		return HeldTwice
	case creating > 0 && destroying > 0:
		return Renamed
	}
	return NoConflict
}
