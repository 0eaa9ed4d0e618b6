package execconfig

import (
	"context"
	"sync"

	"github.com/harnessci/terraform-provider-harnessci/internal/flight"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// planReads serves what the checks of a plan have read, failures included, for as long as the process
// lives: a plan sends at most two requests per module and infra, whatever its size and duration.
type planReads struct {
	account *reads
	answers flight.Group[readKey, images]
}

func newPlanReads(account *reads) *planReads {
	return &planReads{account: account, answers: flight.Group[readKey, images]{KeepErrors: true}}
}

func (r *planReads) get(ctx context.Context, key readKey) (images, error) {
	return r.answers.Do(ctx, key, func(ctx context.Context) (images, error) { return r.account.get(ctx, key) })
}

// PlanImages is what the server has for a module and infra, as of the run's first check; a part that cannot
// be read is nil. The maps are shared: do not change them.
type PlanImages struct {
	Scope               harness.Scope
	Defaults, Overrides map[string]string
	// Why a part is missing.
	DefaultsErr, OverridesErr error
}

// PlanImages returns what the checks of a plan compare it with. Both reads run at once, because the plan's
// first resource waits for them, and with it the whole plan.
func (a *Account) PlanImages(ctx context.Context, scope harness.Scope) PlanImages {
	images := PlanImages{Scope: scope}
	var second sync.WaitGroup
	second.Go(func() {
		images.Overrides, images.OverridesErr = a.planReads.get(ctx, readKey{overridesRead, scope})
	})
	images.Defaults, images.DefaultsErr = a.PlanDefaults(ctx, scope)
	second.Wait()
	return images
}

// PlanDefaults returns only the Defaults of PlanImages.
func (a *Account) PlanDefaults(ctx context.Context, scope harness.Scope) (map[string]string, error) {
	return a.planReads.get(ctx, readKey{defaultsRead, scope})
}

// Err returns why a part is missing, if one is.
func (i PlanImages) Err() error {
	if i.DefaultsErr != nil {
		return i.DefaultsErr
	}
	return i.OverridesErr
}

// Has reports whether the server lists a field: an override may outlive its default.
func (i PlanImages) Has(field string) bool {
	_, isDefault := i.Defaults[field]
	_, isOverride := i.Overrides[field]
	return isDefault || isOverride
}

// WasReset reports whether this run has reset an override, which PlanImages may still show.
func (a *Account) WasReset(target Target) bool { return a.writer.queue.wasReset(target) }
