package provider

import (
	"context"
	"sync"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// planReads keeps what the plan checks read, failures included, for as long as the provider runs:
// a plan asks at most twice per module and infra, however long it takes and whatever its size. The
// account's own reads, which are shared too, expire within seconds. The zero value is ready.
type planReads struct {
	mu    sync.Mutex
	reads map[planReadKey]*planRead
	// reset holds what this run has reset, which the kept overrides still show.
	reset map[execconfig.Target]bool
}

// planReadKey names one of the two reads of a module and infra.
type planReadKey struct {
	scope    harness.Scope
	defaults bool // else the overrides
}

// planRead is one read; the turn, which holds one token, guards the rest.
type planRead struct {
	turn   chan struct{}
	done   bool
	images map[string]string
	err    error
}

// noteReset records that this run has reset an override, so that the create of a replacement is
// not taken for one over somebody else's override.
func (p *planReads) noteReset(target execconfig.Target) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reset == nil {
		p.reset = map[execconfig.Target]bool{}
	}
	p.reset[target] = true
}

// wasReset reports whether this run has reset an override.
func (p *planReads) wasReset(target execconfig.Target) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reset[target]
}

// defaults returns the default images. The map is shared: it is not to be changed.
func (p *planReads) defaults(ctx context.Context, account *execconfig.Account, scope harness.Scope) (map[string]string, error) {
	return p.read(planReadKey{scope, true}).get(ctx, func() (map[string]string, error) { return account.Defaults(ctx, scope) })
}

// overrides returns the overrides as they were when the first check of the run asked. The map is
// shared: it is not to be changed.
func (p *planReads) overrides(ctx context.Context, account *execconfig.Account, scope harness.Scope) (map[string]string, error) {
	return p.read(planReadKey{scope, false}).get(ctx, func() (map[string]string, error) { return account.Overrides(ctx, scope) })
}

func (p *planReads) read(key planReadKey) *planRead {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reads == nil {
		p.reads = map[planReadKey]*planRead{}
	}
	if p.reads[key] == nil {
		p.reads[key] = &planRead{turn: make(chan struct{}, 1)}
	}
	return p.reads[key]
}

// get returns what was read, or asks; the others wait meanwhile. An interrupted read is not kept,
// for it says nothing of the server.
func (r *planRead) get(ctx context.Context, ask func() (map[string]string, error)) (map[string]string, error) {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if !r.done {
		r.images, r.err = ask()
		r.done = ctx.Err() == nil
	}
	return r.images, r.err
}

// scopeImages is what a server says of a module and infra; a part that cannot be read is nil.
type scopeImages struct {
	scope               harness.Scope
	defaults, overrides map[string]string
	// Why a part is missing.
	defaultsErr, overridesErr error
}

// err returns why a part is missing, if one is.
func (s scopeImages) err() error {
	if s.defaultsErr != nil {
		return s.defaultsErr
	}
	return s.overridesErr
}

// planImages returns what the checks of a plan hold it against. Both reads are under way at once:
// the first resource of a plan waits for them, and with it the whole plan.
func (d *providerData) planImages(ctx context.Context, scope harness.Scope) scopeImages {
	images := scopeImages{scope: scope}
	var second sync.WaitGroup
	second.Go(func() { images.overrides, images.overridesErr = d.planReads.overrides(ctx, d.account, scope) })
	images.defaults, images.defaultsErr = d.planReads.defaults(ctx, d.account, scope)
	second.Wait()
	return images
}

// has reports whether the server knows a field: an override may outlive its default.
func (s scopeImages) has(field string) bool {
	_, isDefault := s.defaults[field]
	_, isOverride := s.overrides[field]
	return isDefault || isOverride
}
