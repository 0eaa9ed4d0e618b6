package provider

import (
	"context"
	"sync"
)

// runMemory keeps what was asked for as long as the provider runs, failures included, so that each thing is
// asked once a run; who asks for the same meanwhile waits. The zero value is ready.
type runMemory[K comparable, V any] struct {
	mu   sync.Mutex
	kept map[K]*remembered[V]
}

// remembered is one answer; the turn, which holds one token, guards the rest.
type remembered[V any] struct {
	turn  chan struct{}
	done  bool
	value V
	err   error
}

// get returns what is kept of a key, or asks. An interrupted answer is not kept, since it says nothing.
func (m *runMemory[K, V]) get(ctx context.Context, key K, ask func() (V, error)) (V, error) {
	entry := m.entry(key)
	select {
	case entry.turn <- struct{}{}:
		defer func() { <-entry.turn }()
	case <-ctx.Done():
		var none V
		return none, context.Cause(ctx)
	}
	if !entry.done {
		entry.value, entry.err = ask()
		entry.done = ctx.Err() == nil
	}
	return entry.value, entry.err
}

// forget drops what is kept of a key: it is about to change.
func (m *runMemory[K, V]) forget(key K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.kept, key)
}

func (m *runMemory[K, V]) entry(key K) *remembered[V] {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[K]*remembered[V]{}
	}
	if m.kept[key] == nil {
		m.kept[key] = &remembered[V]{turn: make(chan struct{}, 1)}
	}
	return m.kept[key]
}
