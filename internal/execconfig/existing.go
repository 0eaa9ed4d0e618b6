package execconfig

import (
	"context"
	"maps"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// ShowsDefaults reports whether this process last saw the server list overrides that equal the default, so
// that one it leaves out is gone, or saw it omit one; seen is false if it saw neither.
func (a *Account) ShowsDefaults() (shows, seen bool) {
	listing := a.reads.listing.Load()
	return listing == listsDefaults, listing != notSeen
}

// Existing returns the overrides that exist, field to image: those that the server lists, and those of
// before, from a state, that exist although it omits them. showsDefaults is ShowsDefaults as recorded in
// the state. One of before only counts as gone when several reads agree, because a single one may come from
// a replica that lags. Errors are the client's. The map is shared: do not change it.
func (a *Account) Existing(
	ctx context.Context, scope harness.Scope, before map[string]string, showsDefaults bool,
) (map[string]string, error) {
	listed, err := a.reads.get(ctx, readKey{overridesRead, scope})
	if err != nil {
		return nil, err
	}
	existing := listed
	for field, image := range before {
		if _, ok := listed[field]; ok {
			continue
		}
		image, exists, err := a.unlisted(ctx, Target{Scope: scope, Field: field}, image, showsDefaults)
		if err != nil {
			return nil, err
		}
		if exists {
			if len(existing) == len(listed) {
				existing = maps.Clone(listed)
			}
			existing[field] = image
		}
	}
	return existing, nil
}

// unlisted returns the image of an override that one answer has omitted, if it exists.
func (a *Account) unlisted(ctx context.Context, target Target, image string, showsDefaults bool) (string, bool, error) {
	if !showsDefaults {
		if mayHide, err := a.reads.mayHide(ctx, target, image, false); mayHide || err != nil {
			return image, mayHide, err
		}
	}
	sure, err := a.reads.get(ctx, readKey{surelyRead, target.Scope})
	image, exists := sure[target.Field]
	return image, exists, err
}

// readSurely returns what any of several reads shows. They are spread out, so that not all of them come
// from a lagging replica, or it has caught up.
func readSurely(ctx context.Context, client Client, scope harness.Scope, lagMax time.Duration) (images, error) {
	sure := images{}
	for pause := lagMax / lagSteps; pause < lagMax/2; pause *= 2 {
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, context.Cause(ctx)
		}
		listed, err := client.CustomerImages(ctx, scope, true)
		if err != nil {
			return nil, err
		}
		maps.Copy(sure, listed)
	}
	return sure, nil
}

// Settled returns what is stored after a change that failed in part or, if that cannot be read, what the
// change is known to have left. It asks even if ctx has ended, for no longer than one request may take. The
// map is shared: do not change it.
func (a *Account) Settled(ctx context.Context, scope harness.Scope, known map[string]string) map[string]string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.opts.RequestTimeout)
	defer cancel()
	existing, err := a.Existing(ctx, scope, known, false)
	if err != nil {
		return known
	}
	return existing
}

// mayHide reports whether an override that an answer omits may exist nevertheless: it equals the current
// default, and the server was not seen to list such overrides, or (doubted) may have stopped.
func (r *reads) mayHide(ctx context.Context, target Target, image string, doubted bool) (bool, error) {
	if image == "" || r.listing.Load() == listsDefaults && !doubted {
		return false, nil
	}
	defaults, err := r.get(ctx, readKey{defaultsRead, target.Scope})
	if err != nil {
		return false, err
	}
	shows := r.listing.Load() == listsDefaults && !doubted // the read of the defaults may have changed it
	return image == defaults[target.Field] && !shows, nil
}
