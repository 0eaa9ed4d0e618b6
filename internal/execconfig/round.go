package execconfig

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// round is a batch of ops under way, and those who wait for it: its context ends with the last of
// them. The writer's goroutine alone works on it; waiters is guarded by queue.mu.
type round struct {
	ctx     context.Context //nolint:containedctx // that of work which several callers wait for
	cancel  context.CancelFunc
	ops     []*op
	waiters int
}

func newRound(ctx context.Context, ops []*op) *round {
	r := &round{ops: ops, waiters: len(ops)}
	r.ctx, r.cancel = context.WithCancel(ctx)
	return r
}

// leave takes out one who waits.
func (r *round) leave() {
	if r.waiters--; r.waiters == 0 {
		r.cancel()
	}
}

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

// round writes a batch, one request after the other, and ends every op whose outcome is known. It
// returns the ops to send again, and how long the slowest request took, as far as that tells how long
// a foreign one may take. Other processes of this machine are kept out throughout.
func (w *writer) round(ctx context.Context, batch []*op) (again []*op, took time.Duration) {
	release, err := w.acquire(ctx)
	defer release()
	if err != nil {
		return nil, 0
	}
	var written []*op
	for _, g := range groups(batch) {
		sent, slowest := w.send(ctx, g)
		took = max(took, slowest)
		if slices.ContainsFunc(sent, func(o *op) bool { return harness.MayStillAct(o.failure) }) {
			again = append(again, w.settle(ctx, sent)...) // before the next write
			continue
		}
		written = append(written, sent...)
	}
	took = min(took, w.opts.SettleMax)
	w.last.callers += w.queue.count()
	if len(written) == 0 {
		return again, took
	}
	// A foreign write that read the document before ours was saved has saved it once as much time
	// has passed as ours took, and what it undid shows in the read.
	w.pause(ctx, took)
	return append(again, w.settle(ctx, written)...), took
}

// acquire keeps other processes of this machine out, where a lock file can be had, until release. The
// error is the context's.
func (w *writer) acquire(ctx context.Context) (release func(), _ error) {
	start := time.Now()
	release, err := w.lock.acquire(ctx)
	if ctx.Err() != nil {
		return release, ctx.Err()
	}
	if err != nil {
		w.opts.Log(ctx, "no lock file can be had: other processes of this machine are not kept apart",
			map[string]any{"error": err.Error()})
	}
	if waited := time.Since(start); waited > time.Second {
		w.opts.Log(ctx, "waited for another process of this machine that writes to the account",
			map[string]any{"waited_ms": waited.Milliseconds()})
	}
	return release, nil
}

func (w *writer) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
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
	if g.ops = w.queue.markSent(g.ops); len(g.ops) == 0 || ctx.Err() != nil {
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
	w.note(g, err)
	if harness.IsNotSent(err) {
		return nil, slowest
	}
	return g.ops, slowest
}

// note keeps a request's answer with its ops, and ends them where it cannot have taken effect.
func (w *writer) note(g group, err error) {
	w.queue.markAnswered(g.ops, err == nil)
	sent := &request{}
	for _, o := range g.ops {
		o.attempts++
		o.request, o.failure = sent, err
		if harness.IsNotSent(err) {
			w.queue.finish(o, err)
		}
	}
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
	defaults, err := w.reads.get(ctx, readKey{defaultsRead, g.scope})
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
