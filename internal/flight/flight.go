// Package flight lets callers share work: concurrent callers with the same key wait for one run of it, and
// later ones get its result.
package flight

import (
	"context"
	"sync"
)

// Group shares work by key, and keeps results until they are forgotten. The zero value is ready and
// safe for concurrent use.
type Group[K comparable, V any] struct {
	// KeepErrors makes a failure a result like any other, so that work is done once even if it fails.
	KeepErrors bool

	mu      sync.Mutex
	flights map[K]*flight[V]
}

// flight is one run of the work and the number of its waiters; value and err are final once done is closed.
type flight[V any] struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
	value   V
	err     error
}

// Do returns the result of work for a key. Work has the values of the first caller's context, but not its
// cancellation: it goes on while anybody waits for it. A caller whose context ends first gets that
// context's cause.
func (g *Group[K, V]) Do(ctx context.Context, key K, work func(context.Context) (V, error)) (V, error) {
	f := g.join(ctx, key, work)
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

// join returns the flight of a key, and starts it if there is none.
func (g *Group[K, V]) join(ctx context.Context, key K, work func(context.Context) (V, error)) *flight[V] {
	g.mu.Lock()
	defer g.mu.Unlock()
	f := g.flights[key]
	if f == nil {
		shared, cancel := context.WithCancel(context.WithoutCancel(ctx))
		f = &flight[V]{done: make(chan struct{}), cancel: cancel}
		if g.flights == nil {
			g.flights = map[K]*flight[V]{}
		}
		g.flights[key] = f
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
	f.value, f.err = value, err
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
	select {
	case <-f.done: // it has landed in the meantime
		return
	default:
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
