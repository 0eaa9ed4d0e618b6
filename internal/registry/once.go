package registry

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/harnessci/terraform-provider-harnessci/internal/flight"
)

type onceKey struct{} // its value: whether to ask a silent host

// Once returns a context for calls that are not worth a wait: each request is sent once, and a host that has
// given no answer to its last call is not asked again. What such calls learn serves all calls of a Client.
func Once(ctx context.Context) context.Context { return context.WithValue(ctx, onceKey{}, false) }

// withoutRetry returns a context for calls whose caller repeats them itself.
func withoutRetry(ctx context.Context) context.Context {
	return context.WithValue(ctx, onceKey{}, true)
}

func isOnce(ctx context.Context) bool { return ctx.Value(onceKey{}) != nil }

// asksSilent reports whether a call is sent to a host that gave no answer to its last one.
func asksSilent(ctx context.Context) bool { return ctx.Value(onceKey{}) != false }

// hastyError is a failure of shared work that was tried once.
type hastyError struct{ error }

func (e *hastyError) Unwrap() error { return e.error }

// share lets callers share work by key, and keeps what it returns. A caller that may retry does not take
// the failure of one that may not: it starts again.
func share[V any](ctx context.Context, g *flight.Group[string, V], key string, work func(context.Context) (V, error)) (V, error) {
	for {
		var own atomic.Bool
		v, err := g.Do(ctx, key, func(ctx context.Context) (V, error) {
			own.Store(true)
			v, err := work(ctx)
			if err != nil && isOnce(ctx) {
				err = &hastyError{err}
			}
			return v, err
		})
		_, hasty := errors.AsType[*hastyError](err)
		if !hasty || own.Load() || isOnce(ctx) || ctx.Err() != nil {
			return v, err
		}
	}
}

// silence remembers the hosts whose last call got no answer, and its error.
type silence struct {
	mu    sync.Mutex
	hosts map[string]*callError
}

// note records the outcome of a call; nil is a success.
func (s *silence) note(host string, err *callError) {
	silent := false
	if err != nil {
		failed, ok := errors.AsType[*Error](failure(err.ref, err))
		silent = ok && failed.Status == 0 && (failed.Kind == Unreachable || failed.Kind == Untrusted)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !silent {
		delete(s.hosts, host)
		return
	}
	if s.hosts == nil {
		s.hosts = map[string]*callError{}
	}
	s.hosts[host] = err
}

// recall returns the error of a host's last call if it got no answer.
func (s *silence) recall(host string) *callError {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hosts[host]
}
