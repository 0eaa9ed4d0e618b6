package execconfig

import (
	"maps"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// plannedReset is an override that an object other than an exclusive set resets.
type plannedReset struct {
	image string
	// shown: the server lists it even if it equals the default.
	shown bool
}

// Resetting records that a destroyed object is about to reset overrides, field to image. showsDefaults is
// ShowsDefaults as recorded in its state.
func (a *Account) Resetting(scope harness.Scope, images map[string]string, showsDefaults bool) {
	p := a.plans
	p.mu.Lock()
	defer p.mu.Unlock()
	for field, image := range images {
		p.resetting[Target{scope, field}] = plannedReset{image, showsDefaults}
	}
}

// PlanResets returns the overrides that an exclusive set of the wanted fields does not list, field to
// image. The result is the same before and after the resets that Resetting announced: a plan made again in
// the apply must not differ. images.OverridesErr must be nil.
func (a *Account) PlanResets(images PlanImages, wanted map[string]string) map[string]string {
	p := a.plans
	p.mu.Lock()
	defer p.mu.Unlock()
	resets := map[string]string{}
	for target, reset := range p.resetting {
		hidden := reset.image == images.Defaults[target.Field] && !reset.shown
		if target.Scope == images.Scope && !hidden {
			resets[target.Field] = reset.image
		}
	}
	maps.Copy(resets, images.Overrides)
	maps.DeleteFunc(resets, func(field, _ string) bool {
		_, listed := wanted[field]
		return listed
	})
	return resets
}
