package execconfig

import (
	"context"
	"maps"
	"sync/atomic"

	"github.com/harnessci/terraform-provider-harnessci/internal/flight"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// readKind is one of the API's three answers about images.
type readKind int

const (
	defaultsRead readKind = iota
	overridesRead
	mergedRead
	// surelyRead is several reads of the overrides, merged: see Existing.
	surelyRead
)

type readKey struct {
	kind  readKind
	scope harness.Scope
}

// images maps fields to images. A shared one must not be changed.
type images = map[string]string

// reads shares answers: concurrent callers share one request, and its answer is served until it is too old
// or a write drops it.
type reads struct {
	client  Client
	opts    Options
	answers flight.Group[readKey, images]
	// listing is what the server was last seen to do with overrides that equal the default.
	listing atomic.Int32
}

// What a server does with overrides that equal the default.
const (
	notSeen int32 = iota
	listsDefaults
	omitsDefaults
)

func newReads(client Client, opts Options) *reads {
	return &reads{client: client, opts: opts, answers: flight.Group[readKey, images]{MaxAge: opts.MaxAge}}
}

// get returns the answer, from memory, from a request under way, or from a new one; it is shared. The
// caller's context ends only its own wait.
func (r *reads) get(ctx context.Context, key readKey) (images, error) {
	return r.through(ctx, key, r.answers.Do)
}

// fresh is get for a caller that needs an answer to a request sent after its call.
func (r *reads) fresh(ctx context.Context, key readKey) (images, error) {
	return r.through(ctx, key, r.answers.DoFresh)
}

func (r *reads) through(
	ctx context.Context, key readKey,
	share func(context.Context, readKey, func(context.Context) (images, error)) (images, error),
) (images, error) {
	answer, err := share(ctx, key, func(ctx context.Context) (images, error) { return r.ask(ctx, key) })
	switch { // of two answers, the one that lands last meets the other
	case err != nil:
		return nil, err
	case key.kind == defaultsRead:
		overrides, _ := r.answers.Last(readKey{overridesRead, key.scope})
		r.compare(answer, overrides)
	case key.kind == overridesRead:
		r.observe(key.scope, answer)
	}
	return answer, nil
}

// ask sends the request.
func (r *reads) ask(ctx context.Context, key readKey) (images, error) {
	switch key.kind {
	case defaultsRead:
		return r.client.DefaultImages(ctx, key.scope)
	case surelyRead:
		return readSurely(ctx, r.client, key.scope, r.opts.LagMax)
	default:
		return r.client.CustomerImages(ctx, key.scope, key.kind == overridesRead)
	}
}

// drop forgets what was read of the overrides, because a write is about to change them or has. Callers that
// wait for an earlier read still get it.
func (r *reads) drop(scope harness.Scope) {
	for _, kind := range []readKind{overridesRead, mergedRead, surelyRead} {
		r.answers.Forget(readKey{kind, scope})
	}
}

// feed keeps overrides that a verifying read returned.
func (r *reads) feed(scope harness.Scope, overrides images) {
	r.answers.Put(readKey{overridesRead, scope}, overrides)
	r.answers.Forget(readKey{mergedRead, scope})
}

// observe learns from an answer with overrides.
func (r *reads) observe(scope harness.Scope, overrides images) {
	defaults, _ := r.answers.Last(readKey{defaultsRead, scope})
	r.compare(defaults, overrides)
}

// compare records it if the server lists an override that equals the default.
func (r *reads) compare(defaults, overrides images) {
	for field, image := range overrides {
		if image == defaults[field] {
			r.listing.Store(listsDefaults)
			return
		}
	}
}

func cloned(shared images, err error) (images, error) { return maps.Clone(shared), err }
