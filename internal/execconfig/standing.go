package execconfig

import (
	"context"
	"maps"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// ShowsDefaults reports that an answer in this process has shown the server to list overrides that
// equal the default. While it has not, the absence of one proves nothing.
func (a *Account) ShowsDefaults() bool { return a.reads.defaultsShown() }

// Standing returns the overrides that stand, field to image: those that the server lists, and those
// of before, what a state holds, that stand though it leaves them out. showsDefaults is what a state
// remembers of ShowsDefaults. Errors are the client's. The map is shared: it is not to be changed.
func (a *Account) Standing(
	ctx context.Context, scope harness.Scope, before map[string]string, showsDefaults bool,
) (map[string]string, error) {
	listed, err := a.reads.get(ctx, readKey{overridesRead, scope})
	if err != nil || showsDefaults {
		return listed, err
	}
	standing := listed
	for field, image := range before {
		if _, ok := listed[field]; ok {
			continue
		}
		stands, err := a.reads.standsUnlisted(ctx, Target{scope, field}, image)
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

// standsUnlisted reports whether an override that an answer leaves out counts as standing: it equals
// the current default, and the server is not known to list such ones.
func (r *reads) standsUnlisted(ctx context.Context, target Target, image string) (bool, error) {
	if r.defaultsShown() {
		return false, nil
	}
	defaults, err := r.get(ctx, readKey{defaultsRead, target.Scope})
	if err != nil {
		return false, err
	}
	preset, known := defaults[target.Field]
	return known && image == preset && !r.defaultsShown(), nil // the defaults may have told
}
