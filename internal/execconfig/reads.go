package execconfig

import (
	"context"
	"maps"
	"sync"
	"time"

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

// reads shares answers: concurrent callers share one flight, and its answer is served until it is too old
// or a write drops it. mu guards all of it, its flights included.
type reads struct {
	ask    func(context.Context, readKey) (images, error)
	maxAge time.Duration

	mu      sync.Mutex
	flights map[readKey]*sharedRead
	// showsDefaults is whether the server was last seen to list overrides that equal the default, or to
	// omit them.
	showsDefaults bool
}

// sharedRead is one read and its callers. It is cancelled only when the last of them has left.
type sharedRead struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiters int
	// The outcome, and when it came; final once done is closed.
	images images
	err    error
	at     time.Time
}

func newReads(client Client, opts Options) *reads {
	ask := func(ctx context.Context, key readKey) (images, error) {
		switch key.kind {
		case defaultsRead:
			return client.DefaultImages(ctx, key.scope)
		case surelyRead:
			return readSurely(ctx, client, key.scope, opts.LagMax)
		default:
			return client.CustomerImages(ctx, key.scope, key.kind == overridesRead)
		}
	}
	return &reads{ask: ask, maxAge: opts.MaxAge, flights: map[readKey]*sharedRead{}}
}

// get returns the answer, from memory, from a flight under way, or from a new one; it is shared. The
// caller's context ends only its own wait.
func (r *reads) get(ctx context.Context, key readKey) (images, error) {
	f := r.join(ctx, key)
	defer r.leave(key, f)
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-f.done:
		return f.images, f.err
	}
}

// join returns the flight to wait for, which is already over if its answer is recent enough.
func (r *reads) join(ctx context.Context, key readKey) *sharedRead {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.flights[key]
	if f == nil || !f.at.IsZero() && time.Since(f.at) > r.maxAge {
		f = &sharedRead{done: make(chan struct{})}
		ctx, f.cancel = context.WithCancel(context.WithoutCancel(ctx)) // with its values (loggers)
		r.flights[key] = f
		go r.fly(ctx, key, f)
	}
	f.waiters++
	return f
}

// leave removes a caller; a flight that nobody waits for is cancelled and not joined again.
func (r *reads) leave(key readKey, f *sharedRead) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.waiters--; f.waiters == 0 && f.at.IsZero() {
		f.cancel()
		r.forget(key, f)
	}
}

// fly asks the server, and keeps the answer unless a write came in between.
func (r *reads) fly(ctx context.Context, key readKey, f *sharedRead) {
	defer f.cancel()
	images, err := r.ask(ctx, key)
	r.mu.Lock()
	defer r.mu.Unlock()
	f.images, f.err, f.at = images, err, time.Now()
	if err != nil {
		f.images = nil
		r.forget(key, f)
	}
	close(f.done)
	r.learn(key.scope)
}

// forget makes the next caller ask again; r.mu must be held.
func (r *reads) forget(key readKey, f *sharedRead) {
	if r.flights[key] == f {
		delete(r.flights, key)
	}
}

// drop forgets what was read of the overrides, because a write is about to change them or has. Callers that
// wait for an earlier read still get it.
func (r *reads) drop(scope harness.Scope) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, kind := range []readKind{overridesRead, mergedRead, surelyRead} {
		delete(r.flights, readKey{kind, scope})
	}
}

// feed keeps overrides that a verifying read returned.
func (r *reads) feed(scope harness.Scope, overrides images) {
	landed := &sharedRead{done: make(chan struct{}), images: overrides, at: time.Now()}
	close(landed.done)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flights[readKey{overridesRead, scope}] = landed
	delete(r.flights, readKey{mergedRead, scope})
	r.learn(scope)
}

// learn compares what is known of a module and infra; r.mu must be held.
func (r *reads) learn(scope harness.Scope) {
	r.compare(scope, r.known(readKey{overridesRead, scope}))
}

// known returns an answer of any age, or nil; r.mu must be held.
func (r *reads) known(key readKey) images {
	if f := r.flights[key]; f != nil && !f.at.IsZero() {
		return f.images
	}
	return nil
}

func cloned(shared images, err error) (images, error) { return maps.Clone(shared), err }
