package execconfig

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// verb is what a request does to its fields. Sets go before resets.
type verb int

const (
	set verb = iota
	reset
)

// group is what fits into one request: the sets, or the resets, of one module and infra.
type group struct {
	scope harness.Scope
	verb  verb
	ops   []*op
}

// groups sorts a batch into requests, ordered by module, infra and verb.
func groups(batch []*op) []group {
	var out []group
	for _, o := range batch {
		i := slices.IndexFunc(out, func(g group) bool { return g.scope == o.Scope && g.verb == o.verb() })
		if i < 0 {
			i = len(out)
			out = append(out, group{scope: o.Scope, verb: o.verb()})
		}
		out[i].ops = append(out[i].ops, o)
	}
	slices.SortFunc(out, func(a, b group) int {
		return cmp.Or(cmp.Compare(a.scope.String(), b.scope.String()), cmp.Compare(a.verb, b.verb))
	})
	return out
}

// round writes a batch, one request after the other, reads back what each module and infra then
// holds, and ends every op whose outcome is known. It returns the ops to send again, and how long
// the slowest request took. Other processes of this machine are kept out throughout.
func (w *writer) round(ctx context.Context, batch []*op) (again []*op, took time.Duration) {
	release, err := w.lock.acquire(ctx)
	defer release()
	if ctx.Err() != nil {
		return nil, 0
	}
	if err != nil {
		w.opts.Log(ctx, "no lock file can be had: other processes of this machine are not kept apart",
			map[string]any{"error": err.Error()})
	}
	unverified := map[harness.Scope][]*op{}
	for _, g := range groups(batch) {
		written, slowest := w.send(ctx, g)
		if len(written) > 0 {
			unverified[g.scope] = append(unverified[g.scope], written...)
		}
		took = max(took, slowest)
	}
	if len(unverified) == 0 {
		return nil, took
	}
	w.letOthersFinish(ctx, took)
	return w.verifyAll(ctx, unverified), took
}

// verifyAll verifies every module and infra at once: unlike writes, reads may overlap.
func (w *writer) verifyAll(ctx context.Context, unverified map[harness.Scope][]*op) (again []*op) {
	var reads sync.WaitGroup
	var mu sync.Mutex
	for scope, ops := range unverified {
		reads.Go(func() {
			missing := w.verify(ctx, scope, ops)
			mu.Lock()
			defer mu.Unlock()
			again = append(again, missing...)
		})
	}
	reads.Wait()
	return again
}

// letOthersFinish waits as long as our own slowest write took: a foreign write that read the
// document before ours was saved has saved it by then, and what it undid shows in the read.
func (w *writer) letOthersFinish(ctx context.Context, took time.Duration) {
	timer := time.NewTimer(min(took, w.opts.SettleMax))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// send writes a group. It returns the ops that a read must decide upon, having ended the others,
// and how long the slowest request took. A request that is refused for its content is split, so
// that only the fields at fault fail.
func (w *writer) send(ctx context.Context, g group) (written []*op, slowest time.Duration) {
	if g.ops = w.ready(g.ops); len(g.ops) == 0 || ctx.Err() != nil {
		return nil, 0
	}
	start := time.Now()
	err := w.request(ctx, g)
	slowest = time.Since(start)
	if harness.IsRefused(err) && len(g.ops) > 1 {
		for _, part := range w.split(ctx, g) {
			more, took := w.send(ctx, part)
			written, slowest = append(written, more...), max(slowest, took)
		}
		return written, slowest
	}
	for _, o := range g.ops {
		o.attempts++
		o.failure = err
		if harness.IsNotSent(err) {
			w.end(o, err)
		}
	}
	if harness.IsNotSent(err) {
		return nil, slowest
	}
	return g.ops, slowest
}

// ready returns the ops that are still to be sent, from now on marked as sent. It drops those
// whose caller has gone and ends the resets of what another resource set in this run.
func (w *writer) ready(ops []*op) []*op {
	w.mu.Lock()
	defer w.mu.Unlock()
	var live []*op
	for _, o := range ops {
		if o.verb() == reset && !w.claims.reset(o.Target) {
			w.finish(o, &KeptError{o.Target})
		}
		if !o.finished() {
			o.sent = true
			live = append(live, o)
		}
	}
	return live
}

// request sends one group as one request. What was read before is dropped as it leaves and again
// once it is over, since a read in between may have seen either.
func (w *writer) request(ctx context.Context, g group) error {
	w.reads.drop(g.scope)
	defer w.reads.drop(g.scope)
	if g.verb == reset {
		fields := make([]string, 0, len(g.ops))
		for _, o := range g.ops {
			fields = append(fields, o.Field)
		}
		slices.Sort(fields)
		return w.client.ResetImages(ctx, g.scope, slices.Compact(fields))
	}
	images := make(map[string]string, len(g.ops))
	for _, o := range g.ops {
		images[o.Field] = o.value
	}
	return w.client.UpdateImages(ctx, g.scope, images)
}

// split parts a refused group in two: fields that the defaults show from those they do not, which
// are the likely ones at fault; where that parts nothing, in halves.
func (w *writer) split(ctx context.Context, g group) []group {
	first := group{scope: g.scope, verb: g.verb}
	second := first
	defaults, err := w.reads.get(ctx, defaultsRead, g.scope)
	if err == nil {
		for _, o := range g.ops {
			if _, known := defaults[o.Field]; known {
				first.ops = append(first.ops, o)
			} else {
				second.ops = append(second.ops, o)
			}
		}
	}
	if len(first.ops) == 0 || len(second.ops) == 0 {
		half := len(g.ops) / 2
		first.ops, second.ops = g.ops[:half], g.ops[half:]
	}
	return []group{first, second}
}

// verify reads what a module and infra hold and ends every op that the answer decides. It returns
// the ops that were acknowledged and are not stored, to be sent again.
func (w *writer) verify(ctx context.Context, scope harness.Scope, ops []*op) (again []*op) {
	held, readErr := w.client.CustomerImages(ctx, scope, true)
	if readErr == nil {
		w.reads.feed(scope, held)
	}
	for _, o := range ops {
		stored, err := false, readErr
		if err == nil {
			stored, err = w.stored(ctx, o, held)
		}
		switch {
		case stored:
			w.end(o, nil)
		case err != nil && o.failure != nil:
			w.end(o, &UncertainError{Target: o.Target, Err: o.failure, ReadErr: err})
		case err != nil:
			w.end(o, &UnverifiedError{Target: o.Target, Err: err})
		case o.failure != nil:
			w.end(o, o.failure)
		case o.attempts >= w.opts.Attempts:
			w.end(o, &NotStoredError{Target: o.Target, Sent: o.value, Held: held[o.Field], Attempts: o.attempts})
		default:
			again = append(again, o)
		}
	}
	if len(again) > 0 {
		w.opts.Log(ctx, "acknowledged writes are not stored and are sent again: another writer is at work",
			map[string]any{"scope": scope.String(), "fields": len(again)})
	}
	return again
}

// stored reports whether the overrides show what the op asked for. A server may leave out an
// override that equals the default, so that its absence proves nothing there.
func (w *writer) stored(ctx context.Context, o *op, held map[string]string) (bool, error) {
	value, present := held[o.Field]
	if present || o.verb() == reset {
		return value == o.value, nil
	}
	defaults, err := w.reads.get(ctx, defaultsRead, o.Scope)
	return defaults[o.Field] == o.value, err
}
