package execconfig

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// readKind is one of the API's three answers about images.
type readKind string

const (
	defaultsRead  readKind = "defaults"
	overridesRead readKind = "overrides"
	mergedRead    readKind = "merged"
)

type readKey struct {
	kind  readKind
	scope harness.Scope
}

// answer is what one read returned, and since when it holds.
type answer struct {
	images map[string]string
	at     time.Time
}

// reads shares the reads of one account: concurrent ones join a flight, an answer is served again
// until it is too old or a write drops it, and errors are never kept.
type reads struct {
	client Client
	maxAge time.Duration
	group  singleflight.Group

	mu      sync.Mutex
	answers map[readKey]answer
	crowds  map[string]*crowd
	// lists is set once an answer has shown that overrides equal to the default are listed.
	lists bool
	// writes counts, per module and infra, what made earlier reads worthless.
	writes map[harness.Scope]int
}

func newReads(client Client, maxAge time.Duration) *reads {
	return &reads{
		client:  client,
		maxAge:  maxAge,
		answers: map[readKey]answer{},
		crowds:  map[string]*crowd{},
		writes:  map[harness.Scope]int{},
	}
}

// get returns a copy of the answer, from memory, from a flight under way, or from a new one. The
// caller's context ends its own wait; the flight goes on as long as anybody waits for it.
func (r *reads) get(ctx context.Context, kind readKind, scope harness.Scope) (map[string]string, error) {
	key := readKey{kind, scope}
	r.mu.Lock()
	if images, ok := r.fresh(key); ok {
		r.mu.Unlock()
		return images, nil
	}
	writes := r.writes[scope]
	// Reads from before and after a write must not share a flight.
	flight := fmt.Sprintf("%s %s %d", kind, scope, writes)
	c := r.join(ctx, flight)
	r.mu.Unlock()
	defer r.leave(flight, c)

	done := r.group.DoChan(flight, func() (any, error) { return r.load(c.ctx, key, writes) })
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case result := <-done:
		if result.Err != nil {
			return nil, result.Err
		}
		images, _ := result.Val.(map[string]string) // what load returns
		return maps.Clone(images), nil
	}
}

// load asks the server, unless a flight that has just ended did, and keeps the answer where no
// write came between.
func (r *reads) load(ctx context.Context, key readKey, writes int) (map[string]string, error) {
	r.mu.Lock()
	images, ok := r.fresh(key)
	r.mu.Unlock()
	if ok {
		return images, nil
	}
	images, err := r.ask(ctx, key)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.writes[key.scope] == writes {
		r.answers[key] = answer{maps.Clone(images), time.Now()}
		r.learn(key.scope)
	}
	return images, nil
}

func (r *reads) ask(ctx context.Context, key readKey) (map[string]string, error) {
	if key.kind == defaultsRead {
		return r.client.DefaultImages(ctx, key.scope)
	}
	return r.client.CustomerImages(ctx, key.scope, key.kind == overridesRead)
}

// fresh returns a copy of a kept answer that is young enough; r.mu must be held.
func (r *reads) fresh(key readKey) (map[string]string, bool) {
	kept, ok := r.answers[key]
	if !ok || time.Since(kept.at) > r.maxAge {
		return nil, false
	}
	return maps.Clone(kept.images), true
}

// drop forgets what was read of the overrides, because a write is about to change them or has.
func (r *reads) drop(scope harness.Scope) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writes[scope]++
	delete(r.answers, readKey{overridesRead, scope})
	delete(r.answers, readKey{mergedRead, scope})
}

// feed keeps overrides that a verifying read returned.
func (r *reads) feed(scope harness.Scope, overrides map[string]string) {
	r.drop(scope)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[readKey{overridesRead, scope}] = answer{maps.Clone(overrides), time.Now()}
	r.learn(scope)
}

// learn compares what is known of a module and infra; r.mu must be held.
func (r *reads) learn(scope harness.Scope) {
	defaults := r.answers[readKey{defaultsRead, scope}].images
	for field, image := range r.answers[readKey{overridesRead, scope}].images {
		r.lists = r.lists || image == defaults[field]
	}
}

func (r *reads) listsDefaults() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lists
}

// join makes the caller one of those who wait for a flight; r.mu must be held.
func (r *reads) join(ctx context.Context, flight string) *crowd {
	c, ok := r.crowds[flight]
	if !ok {
		c = newCrowd(ctx)
		r.crowds[flight] = c
	}
	c.join()
	return c
}

// leave takes the caller out; a flight that nobody waits for is ended and not joined again.
func (r *reads) leave(flight string, c *crowd) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.leave() {
		delete(r.crowds, flight)
		r.group.Forget(flight)
	}
}
