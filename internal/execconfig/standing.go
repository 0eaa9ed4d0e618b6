package execconfig

import (
	"context"
	"maps"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// ShowsDefaults reports whether the server, when this process last saw it do the one or the other,
// listed an override that equals the default, so that one which it leaves out is gone. While it has
// not been seen to, the absence of one proves nothing.
func (a *Account) ShowsDefaults() bool { return a.reads.defaultsShown() }

// Standing returns the overrides that exist, field to image: those that the server lists, and those
// of before, what a state holds, that exist though it leaves them out. showsDefaults is what the state
// remembers of ShowsDefaults. That one of before is gone is only said when several reads agree, for one
// may come from a copy that is behind. Errors are the client's. The map is shared: it is not to be
// changed.
func (a *Account) Standing(
	ctx context.Context, scope harness.Scope, before map[string]string, showsDefaults bool,
) (map[string]string, error) {
	listed, err := a.reads.get(ctx, readKey{overridesRead, scope})
	if err != nil {
		return nil, err
	}
	standing := listed
	for field, image := range before {
		if _, ok := listed[field]; ok {
			continue
		}
		image, stands, err := a.unlisted(ctx, Target{scope, field}, image, showsDefaults)
		if err != nil {
			return nil, err
		}
		if stands {
			if len(standing) == len(listed) {
				standing = maps.Clone(listed)
			}
			standing[field] = image
		}
	}
	return standing, nil
}

// unlisted returns the image of an override that one answer has left out, if it exists.
func (a *Account) unlisted(ctx context.Context, target Target, image string, showsDefaults bool) (string, bool, error) {
	if !showsDefaults {
		if mayHide, err := a.reads.mayHide(ctx, target, image, false); mayHide || err != nil {
			return image, mayHide, err
		}
	}
	sure, err := a.reads.get(ctx, readKey{surelyRead, target.Scope})
	image, stands := sure[target.Field]
	return image, stands, err
}

// readSurely returns what some of several reads show. They lie apart, so that not all of them come
// from a copy that is behind, or that it has caught up.
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

// Settled returns what is stored after a change that failed in part or, where that cannot be read, what
// the change is known to have left. It asks even when ctx has ended, for no longer than one request
// may take. The map is shared: it is not to be changed.
func (a *Account) Settled(ctx context.Context, scope harness.Scope, known map[string]string) map[string]string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.opts.RequestTimeout)
	defer cancel()
	standing, err := a.Standing(ctx, scope, known, false)
	if err != nil {
		return known
	}
	return standing
}

// mayHide reports whether an override that an answer leaves out may exist all the same: it equals the
// current default, and the server was not seen to list such ones, or is doubted to do so yet.
func (r *reads) mayHide(ctx context.Context, target Target, image string, doubted bool) (bool, error) {
	if image == "" || r.defaultsShown() && !doubted {
		return false, nil
	}
	defaults, err := r.get(ctx, readKey{defaultsRead, target.Scope})
	if err != nil {
		return false, err
	}
	shows := r.defaultsShown() && !doubted // which the defaults may have told
	return image == defaults[target.Field] && !shows, nil
}

func (r *reads) defaultsShown() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.showsDefaults
}

// defaultsHidden notes that the server leaves out an override which equals the default and counts as
// stored.
func (r *reads) defaultsHidden() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.showsDefaults = false
}

// observe learns from overrides that are not kept.
func (r *reads) observe(scope harness.Scope, overrides images) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.compare(scope, overrides)
}

// compare notes that the server lists an override which equals the default; r.mu must be held.
func (r *reads) compare(scope harness.Scope, overrides images) {
	defaults := r.known(readKey{defaultsRead, scope})
	for field, image := range overrides {
		if image == defaults[field] {
			r.showsDefaults = true
			return
		}
	}
}
