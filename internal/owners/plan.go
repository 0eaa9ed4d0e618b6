package owners

import (
	"maps"
	"slices"
	"sync"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// Step is the plan for one object in the state: its overrides of one module and infra, before and after.
type Step struct {
	Scope harness.Scope
	// Exclusive: the object owns every override of the module and infra.
	Exclusive bool
	// Before are the images in the state, by field; nil without a prior state.
	Before map[string]string
	// After are the planned images, "" while one is unknown; nil if the object is destroyed.
	After map[string]string
	// Shared are the fields that an earlier process has found to be shared with another object.
	Shared []string
}

// Plan records what this run has read and planned of the objects in a state, by id, so that contradictions
// are found in any order. The zero value is ready and safe for concurrent use.
type Plan struct {
	mu      sync.Mutex
	objects map[string]*plannedObject
	// held has the first object seen with an override.
	held map[Target]string
	// refreshed has the objects that were refreshed.
	refreshed map[string]bool
	// resetting has what destroyed objects reset in this run.
	resetting map[Target]plannedReset
}

// plannedObject is the plan for an object.
type plannedObject struct {
	// before has the images of the prior state, after those of the plan.
	before, after map[Target]string
	// stored: the apply stores everything that it shares, even if unchanged.
	stored bool
	// owns is the module and infra that it is to own as an exclusive set.
	owns harness.Scope
}

// plannedReset is an override that an object other than an exclusive set resets.
type plannedReset struct {
	image string
	// shown: the server lists it even if it equals the default.
	shown bool
}

// lock guards the plan until the returned function is called.
func (p *Plan) lock() (unlock func()) {
	p.mu.Lock()
	if p.objects == nil {
		p.objects, p.held = map[string]*plannedObject{}, map[Target]string{}
		p.refreshed, p.resetting = map[string]bool{}, map[Target]plannedReset{}
	}
	return p.mu.Unlock
}

// Refreshed records the overrides of an object after a refresh, and returns the fields that it shares with
// one seen before: an object left by a rename, an interrupted replacement or an import. The other one
// resets what it gives up, so this one must not; if this one stays, it must store its images in the same
// apply. The shared fields must reach that apply.
func (p *Plan) Refreshed(id string, scope harness.Scope, fields []string) (shared []string) {
	defer p.lock()()
	p.refreshed[id] = true
	return p.hold(id, scope, fields, nil)
}

// hold records the overrides of an object, and returns those that it shares with one seen before. An object
// with a shared override was not the first to have it. p.mu must be held.
func (p *Plan) hold(id string, scope harness.Scope, fields, shared []string) []string {
	var found []string
	for _, field := range slices.Sorted(slices.Values(fields)) {
		target := Target{scope, field}
		first, ok := p.held[target]
		if !ok && !slices.Contains(shared, field) {
			p.held[target], first = id, id
		}
		if first != id {
			found = append(found, field)
		}
	}
	return found
}

// Add records the plan for an object, and returns its shared fields like Refreshed: a CLI may plan a
// destroy before it refreshes. The id identifies the object. Both halves of a replacement have the same id:
// first the prior state, without a plan if another override is planned, then the plan without a prior
// state. The error is a *DuplicateError, a *ConflictError or an *UndoneError if another object of the plan
// contradicts it.
func (p *Plan) Add(id string, step Step) (shared []string, _ error) {
	defer p.lock()()
	object := newPlannedObject(p.objects[id], step)
	object.stored = p.refreshed[id] || len(step.Shared) > 0
	if p.refreshed[id] {
		step.Shared = nil
	}
	shared = p.hold(id, step.Scope, slices.Collect(maps.Keys(step.Before)), step.Shared)
	p.objects[id] = object
	var singles, undone []string
	sets := 0
	for _, other := range slices.Sorted(maps.Keys(p.objects)) {
		o := p.objects[other]
		if other == id {
			continue
		}
		undone = append(undone, object.undoes(o)...)
		undone = append(undone, o.undoes(object)...)
		both, contradict := object.both(o, step.Scope)
		switch {
		case !contradict:
		case object.owns != step.Scope && o.owns != step.Scope:
			return nil, &DuplicateError{Target{step.Scope, both[0]}}
		case object.owns == step.Scope && o.owns == step.Scope:
			sets++
		default:
			singles = append(singles, both...)
		}
	}
	switch {
	case sets > 0 || len(singles) > 0:
		slices.Sort(singles)
		return nil, &ConflictError{Scope: step.Scope, Fields: slices.Compact(singles)}
	case len(undone) > 0:
		slices.Sort(undone)
		return nil, &UndoneError{Scope: step.Scope, Fields: slices.Compact(undone)}
	}
	return shared, nil
}

// Resetting records that a destroyed object is about to reset overrides, field to image. listed: the server
// lists them even if they equal the default.
func (p *Plan) Resetting(scope harness.Scope, images map[string]string, listed bool) {
	defer p.lock()()
	for field, image := range images {
		p.resetting[Target{scope, field}] = plannedReset{image, listed}
	}
}

// Resets returns the overrides that an exclusive set of the wanted fields does not list, field to image. The
// result is the same before and after the resets that Resetting announced: a plan made again in the apply
// must not differ.
func (p *Plan) Resets(scope harness.Scope, defaults, overrides, wanted map[string]string) map[string]string {
	defer p.lock()()
	resets := map[string]string{}
	for target, reset := range p.resetting {
		hidden := reset.image == defaults[target.Field] && !reset.shown
		if target.Scope == scope && !hidden {
			resets[target.Field] = reset.image
		}
	}
	maps.Copy(resets, overrides)
	maps.DeleteFunc(resets, func(field, _ string) bool {
		_, listed := wanted[field]
		return listed
	})
	return resets
}

// newPlannedObject adds a step to the first half of a replacement, if there is one.
func newPlannedObject(first *plannedObject, step Step) *plannedObject {
	object := &plannedObject{before: map[Target]string{}, after: map[Target]string{}}
	if step.Before == nil && first != nil {
		object.before = first.before
	}
	for field, image := range step.Before {
		object.before[Target{step.Scope, field}] = image
	}
	for field, image := range step.After {
		object.after[Target{step.Scope, field}] = image
	}
	if step.Exclusive && step.After != nil {
		object.owns = step.Scope
	}
	return object
}

// undoes returns the fields that the object gives up and another one leaves unchanged.
func (o *plannedObject) undoes(other *plannedObject) (fields []string) {
	for target := range o.before {
		_, stays := o.after[target]
		held, holds := other.before[target]
		if !stays && holds && held != "" && other.after[target] == held && !other.stored {
			fields = append(fields, target.Field)
		}
	}
	return fields
}

// both returns the overrides of a module and infra that two objects are to have, and whether they contradict
// each other. An exclusive set is to have all of them, so two sets always do.
func (o *plannedObject) both(other *plannedObject, scope harness.Scope) (fields []string, contradict bool) {
	targets := maps.Clone(o.after)
	maps.Copy(targets, other.after)
	for target := range targets {
		if target.Scope == scope && o.wants(target) && other.wants(target) {
			fields = append(fields, target.Field)
		}
	}
	slices.Sort(fields)
	return fields, len(fields) > 0 || o.owns == scope && other.owns == scope
}

// wants reports whether the object is to have an override.
func (o *plannedObject) wants(target Target) bool {
	_, listed := o.after[target]
	return listed || o.owns == target.Scope
}
