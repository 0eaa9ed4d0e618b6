package execconfig

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

const (
	// gapFactor is by how much the next gap may exceed the longest so far.
	gapFactor = 4
	// roundTrips is how long a batch takes at least, in requests: a write, a wait as long, and a read.
	roundTrips = 3
)

// writer is the only writer to an account in this process. Its goroutine lives only while there is something to
// write. This is the way of an op, whose states are in op.go:
//
//	write      queues the ops of one resource, unless another one has them     queue.add
//	run        gathers more of them, and takes what waits as a batch           gather, queue.take
//	carryOut   waits for this process's turn, and leaves out what other
//	           processes of the run have decided                               turn.acquire, queue.admit
//	send       sends one request for each module, infra and verb, and splits
//	           what is refused                                                 post, split, queue.turnBack
//	settle     reads back until each op is stored, lost or failed              readBack, look, stored, decide
//	requeue    what was lost begins again, after a pause                       queue.putBack
//
// Whoever waits in write may leave at any time: queue.interrupt, then queue.abandon.
type writer struct {
	client Client
	reads  *reads
	turn   *turn
	opts   Options
	queue  *queue
	// Used by the writer's goroutine alone from here on. previous is the batch before the one under way.
	previous lastBatch
	// actsUntil is until when the server may still be at work on a request that has ended.
	actsUntil time.Time
	// patience is how long an acknowledged write may be on its way to the replica that reads come from.
	patience time.Duration
}

// lastBatch is what the next batch needs to know about the one before.
type lastBatch struct {
	callers int // before any is released: in the batch and in the queue
	took    time.Duration
	ended   time.Time
}

func newWriter(client Client, reads *reads, turn *turn, opts Options) *writer {
	return &writer{client: client, reads: reads, turn: turn, opts: opts, queue: newQueue(), patience: opts.LagMax}
}

// write queues the ops of one resource and waits for them; an exclusive set names what it owns. Without
// errors, all of them are stored. With the second error, nothing was queued.
func (w *writer) write(ctx context.Context, ops []*op, owned harness.Scope) (failed FieldErrors, _ error) {
	start, err := w.queue.add(ops, owned)
	if err != nil {
		return nil, err
	}
	if start {
		// Keeps the caller's values (loggers), but not its cancellation.
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

// await waits until every op has ended. When the caller's context ends, ops not sent end with it; those
// sent are waited for as long as their request, or a late answer, may take.
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
		next := w.queue.take(ctx)
		w.previous.callers = len(next.ops)
		again, took := w.carryOut(next.ctx, next.ops) //nolint:contextcheck // it descends from ctx, through take
		next.cancel()
		w.previous.took, w.previous.ended = took, time.Now()
		pause = w.requeue(again, took)
	}
}

// gather waits until no further op has arrived for a while, and reports whether any waits. If ops are to be
// sent again, the pause comes first.
func (w *writer) gather(pause time.Duration) bool {
	earliest := time.Now().Add(pause)
	due := time.NewTimer(pause)
	defer due.Stop()
	for {
		if w.queue.idle() {
			return false
		}
		quiet, most := w.window(w.queue.arrivals())
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

// window returns how long to wait for one more op when so many wait, and for how long at most. A CLI
// replaces each ended op with another, one by one, and more slowly the more resources it has. Until there
// are as many as before, the wait follows the gaps between them, as long as that is cheaper than another
// batch.
func (w *writer) window(waiting int, gap time.Duration) (quiet, most time.Duration) {
	if waiting >= w.previous.callers || time.Since(w.previous.ended) >= w.previous.took+w.opts.WindowMax {
		return w.opts.Window, w.opts.WindowMax
	}
	quiet = max(w.opts.Window, min(gapFactor*gap, w.previous.took, w.opts.WindowMax))
	return quiet, w.opts.WindowMax + roundTrips*w.previous.took
}

// requeue puts back ops that the server acknowledged but did not store, and returns how long to wait first:
// random, to get out of step with another writer, and scaled by how long a write takes here.
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

func (w *writer) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
