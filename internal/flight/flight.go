// Package flight lets callers share work: concurrent callers with the same key wait for one run of it, and
// later ones get its result.
package flight

import (
	"context"
	"sync"
	"time"
)

// Group shares work by key, and keeps results until they are forgotten. The zero value is ready and
// safe for concurrent use.
type Group[K comparable, V any] struct {
	// KeepErrors makes a failure a result like any other, so that work is done once even if it fails.
	KeepErrors bool
	// MaxAge is the age up to which a result is served; 0 means any.
	MaxAge time.Duration

	mu      sync.Mutex
	flights map[K]*flight[V]
	begun   int // flights so far
}

// flight is one run of the work. Once done is closed, its outcome is final and anybody may read it.
type flight[V any] struct {
	// number is its place among the group's flights; 0 for what Put has put.
	number int
	done   chan struct{}
	cancel context.CancelFunc
	// waiting is the number of waiters, guarded by Group.mu.
	waiting int
	// The outcome, and when it came.
	value V
	err   error
	at    time.Time
}

func (f *flight[V]) landed() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// Do returns the result of work for a key. Work has the values of the first caller's context, but not its
// cancellation: it goes on while anybody waits for it. A caller whose context ends first gets that
// context's cause.
func (g *Group[K, V]) Do(ctx context.Context, key K, work func(context.Context) (V, error)) (V, error) {
	return g.wait(ctx, key, g.join(ctx, key, 0, work))
}

// DoFresh is Do for a caller that may not get what was known before it asked: it shares only work that begins
// after the call. While earlier work is under way it waits, so that all who come meanwhile share the next.
func (g *Group[K, V]) DoFresh(ctx context.Context, key K, work func(context.Context) (V, error)) (V, error) {
	g.mu.Lock()
	next, earlier := g.begun+1, g.flights[key]
	g.mu.Unlock()
	if earlier != nil {
		select {
		case <-earlier.done:
		case <-ctx.Done():
			var none V
			return none, context.Cause(ctx)
		}
	}
	return g.wait(ctx, key, g.join(ctx, key, next, work))
}

// wait returns the outcome of a flight that the caller has joined.
func (g *Group[K, V]) wait(ctx context.Context, key K, f *flight[V]) (V, error) {
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		g.leave(key, f)
		var none V
		return none, context.Cause(ctx)
	}
}

// Forget drops the result of a key that is about to change or has changed. Callers that already wait still
// get it.
func (g *Group[K, V]) Forget(key K) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.flights, key)
}

// Put makes a value the result of a key, as if work had just returned it.
func (g *Group[K, V]) Put(key K, value V) {
	f := &flight[V]{done: make(chan struct{}), value: value, at: time.Now()}
	close(f.done)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.set(key, f)
}

// Last returns the last result of a key, of any age; ok is false if it was forgotten, or if there is none yet.
func (g *Group[K, V]) Last(key K) (value V, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f := g.flights[key]; f != nil && f.landed() && f.err == nil {
		return f.value, true
	}
	return value, false
}

// set makes a flight the one of a key; g.mu must be held.
func (g *Group[K, V]) set(key K, f *flight[V]) {
	if g.flights == nil {
		g.flights = map[K]*flight[V]{}
	}
	g.flights[key] = f
}

// join returns the flight of a key, and starts one if there is none, or only one that is too old or has a
// lower number.
func (g *Group[K, V]) join(ctx context.Context, key K, least int, work func(context.Context) (V, error)) *flight[V] {
	g.mu.Lock()
	defer g.mu.Unlock()
	f := g.flights[key]
	if f == nil || f.number < least || g.MaxAge > 0 && f.landed() && time.Since(f.at) > g.MaxAge {
		shared, cancel := context.WithCancel(context.WithoutCancel(ctx))
		g.begun++
		f = &flight[V]{number: g.begun, done: make(chan struct{}), cancel: cancel}
		g.set(key, f)
		go func() {
			defer cancel()
			value, err := work(shared)
			g.land(key, f, value, err)
		}()
	}
	f.waiting++
	return f
}

func (g *Group[K, V]) land(key K, f *flight[V], value V, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f.value, f.err, f.at = value, err, time.Now()
	if err != nil && !g.KeepErrors {
		g.drop(key, f)
	}
	close(f.done)
}

// leave removes a caller that stopped waiting. Work that nobody waits for is cancelled and forgotten: the
// next caller starts again.
func (g *Group[K, V]) leave(key K, f *flight[V]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f.landed() { // in the meantime
		return
	}
	if f.waiting--; f.waiting == 0 {
		f.cancel()
		g.drop(key, f)
	}
}

// drop forgets one flight, but not one that may have followed; g.mu must be held.
func (g *Group[K, V]) drop(key K, f *flight[V]) {
	if g.flights[key] == f {
		delete(g.flights, key)
	}
}
