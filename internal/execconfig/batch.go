package execconfig

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// batch is the ops that leave together, and the number of those who wait for them: its context ends with the
// last of those. Only the writer's goroutine works on it; waiters is guarded by queue.mu.
type batch struct {
	ctx     context.Context //nolint:containedctx // of work that several callers wait for
	cancel  context.CancelFunc
	ops     []*op
	waiters int
}

func newBatch(ctx context.Context, ops []*op) *batch {
	b := &batch{ops: ops, waiters: len(ops)}
	b.ctx, b.cancel = context.WithCancel(ctx)
	return b
}

// leave removes one who waits.
func (b *batch) leave() {
	if b.waiters--; b.waiters == 0 {
		b.cancel()
	}
}

// group is what fits into one request: the sets, or the resets, of one module and infra.
type group struct {
	scope harness.Scope
	verb  verb
	ops   []*op
}

func (g group) fields() []string {
	fields := make([]string, 0, len(g.ops))
	for _, o := range g.ops {
		fields = append(fields, o.Field)
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

func (g group) images() map[string]string {
	images := make(map[string]string, len(g.ops))
	for _, o := range g.ops {
		images[o.Field] = o.value
	}
	return images
}

// groups sorts ops into requests, ordered by module, infra and verb.
func groups(ops []*op) []group {
	var out []group
	for _, o := range ops {
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

// carryOut writes a batch, one request after the other, and ends every op whose outcome is known. It returns
// the ops to send again, and how long the slowest request took, as an estimate for those of other writers.
// Other processes on this machine are kept out throughout.
func (w *writer) carryOut(ctx context.Context, ops []*op) (again []*op, took time.Duration) {
	release, err := w.turn.acquire(ctx)
	defer release()
	if err != nil {
		for _, o := range ops {
			w.queue.finish(o, err)
		}
		return nil, 0
	}
	shared := w.turn.usable().read()
	admitted, known := w.queue.admit(ops, shared.othersOf(w.opts, shared.Sets), shared.othersOf(w.opts, shared.Resets))
	ours := slices.DeleteFunc(slices.Clone(ops), func(o *op) bool { return known[o] != nil })
	w.tell(ours) // before anything ends, because the process may end with its last operation
	defer w.takeBack(ours)
	for o, outcome := range known {
		w.queue.finish(o, outcome)
	}
	var written []*op
	for _, g := range groups(admitted) {
		d := &delivery{writer: w}
		d.send(ctx, g)
		took = max(took, min(d.slowest, w.opts.RequestTimeout))
		if slices.ContainsFunc(d.undecided, func(o *op) bool { return o.carrier.open() }) {
			again = append(again, w.settle(ctx, d.undecided, took)...) // before the next write
			continue
		}
		written = append(written, d.undecided...)
	}
	waiting, _ := w.queue.arrivals()
	w.previous.callers += waiting
	if len(written) > 0 {
		again = append(again, w.settle(ctx, written, took)...)
	}
	if len(again) > 0 {
		w.opts.Log(ctx, "acknowledged writes are not stored and are sent again",
			map[string]any{"fields": len(again)})
	}
	return again, took
}

// delivery is a group on its way to the server. A refused group is split and sent again, so that only the
// fields at fault fail; HTTP 500 in the API's own words may be a refusal or an outage.
type delivery struct {
	*writer
	undecided []*op // a read must decide; the others have ended
	slowest   time.Duration
	// accepted: the server has acknowledged a part. failures counts the single ops that it failed on.
	accepted bool
	failures int
}

// outage reports whether the server seems to fail on everything, so that splitting further finds no field
// at fault.
func (d *delivery) outage() bool { return d.failures >= 2 && !d.accepted }

// send writes a group, in one request or in parts, once nothing sent before can act any more.
func (d *delivery) send(ctx context.Context, g group) {
	d.pause(ctx, time.Until(d.actsUntil))
	g.ops = d.queue.send(g.ops)
	if len(g.ops) == 0 || ctx.Err() != nil {
		return
	}
	r := d.post(ctx, g)
	d.slowest = max(d.slowest, r.slowest)
	d.accepted = d.accepted || r.failure == nil
	failedInside := harness.IsFailedInside(r.failure)
	if len(g.ops) == 1 {
		if failedInside {
			d.failures++
		}
	} else if harness.IsRefused(r.failure) || failedInside && !d.outage() {
		if failedInside {
			g.ops = d.unseen(ctx, g, r)
		}
		d.queue.turnBack(g.ops, !harness.IsNotSent(r.failure))
		for _, part := range d.split(ctx, g) {
			d.send(ctx, part)
		}
		return
	}
	d.answered(ctx, g, r)
}

// unseen reads back what the server failed on, ends what it stored nevertheless, and returns the rest.
func (d *delivery) unseen(ctx context.Context, g group, r *request) []*op {
	for _, o := range g.ops {
		o.carrier = r
	}
	d.pause(ctx, min(r.slowest, d.opts.RequestTimeout))
	d.readBack(ctx, g.ops)
	return slices.DeleteFunc(g.ops, func(o *op) bool {
		if !o.ended() && o.evidence == shown {
			d.queue.finish(o, nil)
		}
		return o.ended()
	})
}

// answered records a request with its ops, and ends them if it cannot have taken effect.
func (d *delivery) answered(ctx context.Context, g group, r *request) {
	if r.failure == nil {
		d.queue.acknowledge(g.ops)
	}
	for _, o := range g.ops {
		o.attempts++
		o.carrier, r.delivery = r, d
		if harness.IsNotSent(r.failure) {
			d.queue.finish(o, d.turnedAway(ctx, o))
		}
	}
	if !harness.IsNotSent(r.failure) {
		d.undecided = append(d.undecided, g.ops...)
	}
}

// turnedAway is the outcome of an op whose request cannot have taken effect: that of the previous request,
// if it was acknowledged and the server may hide what it stored.
func (d *delivery) turnedAway(ctx context.Context, o *op) error {
	if o.attempts > 1 && o.evidence == hidden {
		return &UnverifiedError{Target: o.Target, Err: o.carrier.failure}
	}
	return d.refusal(ctx, o)
}

// refusal is the error of an op whose request failed: a *RefusedError if the field is at fault.
func (w *writer) refusal(ctx context.Context, o *op) error {
	r := o.carrier
	if !harness.IsRefused(r.failure) && !harness.IsFailedInside(r.failure) {
		return r.failure
	}
	defaults, err := w.reads.get(ctx, readKey{defaultsRead, o.Scope})
	_, known := defaults[o.Field]
	retired := err == nil && !known && o.verb() == reset
	if !harness.IsRefused(r.failure) && !r.delivery.accepted && !retired {
		return r.failure // an outage, as far as anybody can tell
	}
	return &RefusedError{Target: o.Target, Image: o.value, Listed: err == nil && known, Err: r.failure}
}

// post sends one group as one request. What was read before is dropped when the request leaves and again
// when it is over, because a read in between may have seen either state.
func (w *writer) post(ctx context.Context, g group) *request {
	sentBefore := func(o *op) bool { return o.attempts > 0 }
	r := &request{telling: g.verb == set && !slices.ContainsFunc(g.ops, sentBefore)}
	ctx = harness.WithAttempts(ctx, func(a harness.Attempt) {
		r.attempts++
		r.slowest = max(r.slowest, a.Took)
		if a.MayStillAct {
			r.actsUntil = time.Now().Add(w.opts.LateMax)
		}
	})
	w.lookBefore(ctx, g)
	w.reads.drop(g.scope)
	defer w.reads.drop(g.scope)
	if g.verb == reset {
		r.failure = w.client.ResetImages(ctx, g.scope, g.fields())
	} else {
		r.failure = w.client.UpdateImages(ctx, g.scope, g.images())
	}
	w.actsUntil = r.actsUntil
	return r
}

// split divides a refused group in two: fields that the defaults list, and those they do not, which are
// likely at fault; if one part would be empty, in halves.
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
