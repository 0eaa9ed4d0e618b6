package execconfig

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

const (
	// gapFactor is how many times as long as the longest gap so far the next one may be.
	gapFactor = 4
	// roundTrips is what a round takes at least: a write, as long a wait, and a read.
	roundTrips = 3
)

// writer is the only one who writes to an account in this process. Writes that arrive close
// together leave in one round; its goroutine lives only while there is something to write, and
// alone uses last.
type writer struct {
	client Client
	reads  *reads
	turn   *turn
	opts   Options
	queue  *queue
	last   outcome // of the round before
	// over is until when the server may be at work on a request that has ended.
	over time.Time
	// patience is how long an acknowledged write that does not show may be on its way to where reads
	// come from.
	patience time.Duration
}

// outcome is what a round means for the next one.
type outcome struct {
	callers int // before it releases any: those in it and in the queue
	took    time.Duration
	ended   time.Time
}

func newWriter(client Client, reads *reads, turn *turn, opts Options) *writer {
	return &writer{client: client, reads: reads, turn: turn, opts: opts, queue: newQueue(), patience: opts.LagMax}
}

// write hands the ops of one resource to the writer and waits for them; an exclusive set names what
// it owns. No errors mean that all of them are stored. The second error is that nothing was queued.
func (w *writer) write(ctx context.Context, ops []*op, owned harness.Scope) (failed FieldErrors, _ error) {
	start, err := w.queue.add(ops, owned)
	if err != nil {
		return nil, err
	}
	if start {
		// The caller's values (loggers) go along; its cancellation is its own.
		go w.run(context.WithoutCancel(ctx))
	}
	w.await(ctx, ops)
	for _, o := range ops {
		if o.err != nil {
			if failed == nil {
				failed = FieldErrors{}
			}
			failed[o.Field] = o.err
		}
	}
	return failed, nil
}

// await waits until every op has ended. When the caller's context ends, what has not been sent ends
// with it; what has is waited for as long as its request, or a late answer, may take.
func (w *writer) await(ctx context.Context, ops []*op) {
	interrupted := ctx.Done()
	grace := time.NewTimer(math.MaxInt64)
	defer grace.Stop()
	for _, o := range ops {
		for !o.ended() {
			select {
			case <-o.done:
			case <-interrupted:
				interrupted = nil
				w.queue.interrupt(ops, context.Cause(ctx))
				grace.Reset(w.opts.RequestTimeout + w.opts.LateMax)
			case <-grace.C:
				w.queue.abandon(ops, context.Cause(ctx))
			}
		}
	}
}

// run works until the queue is empty.
func (w *writer) run(ctx context.Context) {
	var pause time.Duration
	for w.gather(pause) {
		round := w.queue.take(ctx)
		w.last.callers = len(round.ops)
		again, took := w.round(round.ctx, round.ops) //nolint:contextcheck // it descends from ctx, by way of take
		round.cancel()
		w.last.took, w.last.ended = took, time.Now()
		pause = w.requeue(again, took)
	}
}

// gather waits until no further op has arrived for a while, and reports whether any waits. The pause
// comes first where ops are to be sent again.
func (w *writer) gather(pause time.Duration) bool {
	earliest := time.Now().Add(pause)
	due := time.NewTimer(pause)
	defer due.Stop()
	for {
		if w.queue.idle() {
			return false
		}
		queued, gap := w.queue.arrivals()
		quiet, most := w.window(queued, gap)
		next := time.Now().Add(quiet)
		if next.Before(earliest) {
			next = earliest
		}
		if latest := earliest.Add(most); next.After(latest) {
			next = latest
		}
		due.Reset(time.Until(next))
		select {
		case <-due.C:
			return true
		case <-w.queue.changed:
		}
	}
}

// window returns how long to wait for one more op when so many are queued, and for how long at most. A
// CLI replaces each op that ended by another, one by one and slower the more resources it has. Until
// there are as many as before, the wait follows the gaps between them: it is cheaper than one more
// round, of which it is worth no more.
func (w *writer) window(queued int, gap time.Duration) (quiet, most time.Duration) {
	if queued >= w.last.callers || time.Since(w.last.ended) >= w.last.took+w.opts.WindowMax {
		return w.opts.Window, w.opts.WindowMax
	}
	quiet = max(w.opts.Window, min(gapFactor*gap, w.last.took, w.opts.WindowMax))
	return quiet, w.opts.WindowMax + roundTrips*w.last.took
}

// requeue puts ops back that the server acknowledged and did not store, and returns how long to
// wait first: random, so as to fall out of step with another writer, and scaled by how long a
// write takes here.
func (w *writer) requeue(ops []*op, took time.Duration) time.Duration {
	if len(ops) == 0 {
		return 0
	}
	w.queue.putBack(ops)
	attempts := 0
	for _, o := range ops {
		attempts = max(attempts, o.attempts)
	}
	ceiling := max(took, w.opts.PauseMin) << min(attempts, 8)
	return rand.N(min(ceiling, max(w.opts.PauseMax, took))) + w.opts.PauseMin
}
