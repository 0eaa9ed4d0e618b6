package registry

import (
	"context"
	"sync"
)

// flights lets callers share work by key: those who come while it is under way wait for it, those who
// come later get its result. A failure is told to those who waited and not kept.
type flights[V any] struct {
	mu sync.Mutex
	m  map[string]*flight[V]
}

type flight[V any] struct {
	done    chan struct{}
	value   V
	err     error
	waiting int
	cancel  context.CancelFunc
}

// do returns the result of work for the key. The work lives as long as anybody waits for it.
func (f *flights[V]) do(ctx context.Context, key string, work func(context.Context) (V, error)) (V, error) {
	f.mu.Lock()
	fl := f.m[key]
	if fl == nil {
		shared, cancel := context.WithCancel(context.WithoutCancel(ctx))
		fl = &flight[V]{done: make(chan struct{}), cancel: cancel}
		if f.m == nil {
			f.m = map[string]*flight[V]{}
		}
		f.m[key] = fl
		go func() {
			defer cancel()
			fl.value, fl.err = work(shared)
			if fl.err != nil {
				f.forget(key, fl)
			}
			close(fl.done)
		}()
	}
	fl.waiting++
	f.mu.Unlock()
	select {
	case <-fl.done:
		return fl.value, fl.err
	case <-ctx.Done():
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl.waiting--; fl.waiting == 0 {
		fl.cancel()
		if f.m[key] == fl {
			select {
			case <-fl.done: // kept: it is there after all
			default:
				delete(f.m, key) // who comes now begins anew
			}
		}
	}
	var none V
	return none, ctx.Err()
}

func (f *flights[V]) forget(key string, fl *flight[V]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.m[key] == fl {
		delete(f.m, key)
	}
}
