package execconfig

import (
	"context"
	"sync"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// evidence is what a read shows of an op.
type evidence int

const (
	missing evidence = iota // the server holds something else
	shown                   // the server holds what was asked for
	hidden                  // the server may leave it out: stored, or missing
)

// settle ends the ops whose outcome reads show, and returns those to send again.
func (w *writer) settle(ctx context.Context, ops []*op) (again []*op) {
	again, late := w.verifyAll(ctx, ops)
	w.awaitLate(ctx, late)
	return again
}

// verifyAll verifies every module and infra at once: unlike writes, reads may overlap.
func (w *writer) verifyAll(ctx context.Context, ops []*op) (again, late []*op) {
	scopes := map[harness.Scope][]*op{}
	for _, o := range ops {
		scopes[o.Scope] = append(scopes[o.Scope], o)
	}
	var reads sync.WaitGroup
	var mu sync.Mutex
	for scope, ops := range scopes {
		reads.Go(func() {
			missing, unanswered := w.verify(ctx, scope, ops)
			mu.Lock()
			defer mu.Unlock()
			again, late = append(again, missing...), append(late, unanswered...)
		})
	}
	reads.Wait()
	return again, late
}

// verify reads what a module and infra hold and ends every op that the answer decides. It returns
// the ops that were acknowledged and are not stored, to be sent again, and those that got no answer
// and may be stored late.
func (w *writer) verify(ctx context.Context, scope harness.Scope, ops []*op) (again, late []*op) {
	held, readErr := w.client.CustomerImages(ctx, scope, true)
	if readErr == nil {
		w.reads.feed(scope, held)
	}
	seen, errs := make([]evidence, len(ops)), make([]error, len(ops))
	for i, o := range ops {
		if errs[i] = readErr; readErr == nil {
			seen[i], errs[i] = w.look(ctx, o, held)
		}
		o.request.stored = o.request.stored || seen[i] == shown
		o.request.lost = o.request.lost || seen[i] == missing && errs[i] == nil
	}
	for i, o := range ops {
		err := errs[i]
		switch {
		case err == nil && w.stored(o, seen[i]):
			w.queue.finish(o, nil)
		case err != nil && o.failure != nil:
			w.queue.finish(o, &UncertainError{Target: o.Target, Err: o.failure, ReadErr: err})
		case err != nil:
			w.queue.finish(o, &UnverifiedError{Target: o.Target, Err: err})
		case harness.MayStillAct(o.failure):
			late = append(late, o)
		case o.failure != nil:
			w.queue.finish(o, o.failure)
		case o.attempts >= w.opts.Attempts:
			w.queue.finish(o, &NotStoredError{Target: o.Target, Sent: o.value, Held: held[o.Field], Attempts: o.attempts})
		default:
			again = append(again, o)
		}
	}
	if len(again) > 0 {
		w.opts.Log(ctx, "acknowledged writes are not stored and are sent again: another writer is at work",
			map[string]any{"scope": scope.String(), "fields": len(again)})
	}
	return again, late
}

// look says what the overrides show of an op.
func (w *writer) look(ctx context.Context, o *op, held images) (evidence, error) {
	value, listed := held[o.Field]
	switch {
	case (listed || o.verb() == reset) && value == o.value:
		return shown, nil
	case listed || o.verb() == reset:
		return missing, nil
	}
	stands, err := w.reads.standsUnlisted(ctx, o.Target, o.value)
	if stands {
		return hidden, nil
	}
	return missing, err
}

// stored reports whether an op counts as stored. One that may be hidden needs a witness: no failure,
// no loss in the same request, and either another op of that request that shows, or a second
// acknowledgement.
func (w *writer) stored(o *op, e evidence) bool {
	if e != hidden {
		return e == shown
	}
	return o.failure == nil && !o.request.lost && (o.request.stored || o.attempts > 1)
}

// awaitLate watches writes that got no answer, since the server may be at work on them still: the next
// write would be the second in flight. What has not shown after LateMax has failed.
func (w *writer) awaitLate(ctx context.Context, late []*op) {
	deadline := time.Now().Add(w.opts.LateMax)
	for pause := w.opts.LateMax / 32; len(late) > 0 && ctx.Err() == nil; pause *= 2 {
		left := time.Until(deadline)
		if left <= 0 {
			break
		}
		w.pause(ctx, min(pause, left))
		_, late = w.verifyAll(ctx, late)
	}
	for _, o := range late {
		w.queue.finish(o, o.failure)
	}
}
