package execconfig

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// op is the pending write of one field: a set, or a reset where value is empty.
type op struct {
	Target
	value string
	done  chan struct{}

	// Guarded by writer.mu until done is closed, and final from then on.
	sent bool
	// acknowledged: the server has said yes, and no read has denied it since.
	acknowledged bool
	err          error
	// crowd is the round that carries the op; nil while it waits in the queue.
	crowd *crowd

	// Used by the writer's goroutine only.
	attempts int
	failure  error
	// request is the last one that carried the op; ops of one request were stored or lost together.
	request *request
}

// request is one update-config or reset-config.
type request struct {
	stored, lost bool // what a read has shown of its ops
}

func newOp(target Target, value string) *op {
	return &op{Target: target, value: value, done: make(chan struct{})}
}

func (o *op) verb() verb {
	if o.value == "" {
		return reset
	}
	return set
}

// writer is the only one who writes to an account in this process. Writes that arrive close
// together leave in one round; its goroutine lives only while there is something to write.
type writer struct {
	client Client
	reads  *reads
	claims *claims
	lock   fileLock
	opts   Options

	// wake tells a gathering writer that the queue has changed.
	wake chan struct{}
	// last is the round before; used by the writer's goroutine only.
	last outcome

	mu      sync.Mutex
	queue   []*op
	running bool
}

func newWriter(client Client, reads *reads, claims *claims, lock fileLock, opts Options) *writer {
	return &writer{client: client, reads: reads, claims: claims, lock: lock, opts: opts, wake: make(chan struct{}, 1)}
}

// write hands ops to the writer and waits for them; nil means that all of them are stored. When
// the caller's context ends, it returns at once and says of each op how far it got.
func (w *writer) write(ctx context.Context, ops []*op) FieldErrors {
	w.enqueue(ctx, ops)
	var failed FieldErrors
	for _, o := range ops {
		select {
		case <-o.done:
		case <-ctx.Done():
			w.abandon(ops, context.Cause(ctx))
		}
		if o.err != nil {
			if failed == nil {
				failed = FieldErrors{}
			}
			failed[o.Field] = o.err
		}
	}
	return failed
}

// enqueue adds ops to the queue and sees to it that somebody works on it.
func (w *writer) enqueue(ctx context.Context, ops []*op) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(ops) == 0 {
		return
	}
	w.queue = append(w.queue, ops...)
	if w.running {
		w.signal()
		return
	}
	w.running = true
	// The caller's values (loggers) go along; its cancellation is its own.
	go w.run(context.WithoutCancel(ctx))
}

// abandon ends ops whose caller no longer waits: the queued ones are taken out, those under way
// are left to the round, which ends early once nobody waits for it.
func (w *writer) abandon(ops []*op, cause error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range ops {
		if o.acknowledged {
			w.finish(o, &UnverifiedError{Target: o.Target, Err: cause})
		}
		w.finish(o, &CancelledError{Target: o.Target, Sent: o.sent, Err: cause})
	}
	live := w.queue[:0]
	for _, o := range w.queue {
		if !o.finished() {
			live = append(live, o)
		}
	}
	clear(w.queue[len(live):])
	w.queue = live
	w.signal()
}

// end closes an op with its outcome, unless its caller has gone.
func (w *writer) end(o *op, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.finish(o, err)
}

// finish ends an op once; w.mu must be held.
func (w *writer) finish(o *op, err error) {
	if o.finished() {
		return
	}
	o.err = err
	close(o.done)
	if o.crowd != nil {
		o.crowd.leave()
	}
}

func (o *op) finished() bool {
	select {
	case <-o.done:
		return true
	default:
		return false
	}
}

func (w *writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run works until the queue is empty.
func (w *writer) run(ctx context.Context) {
	var pause time.Duration
	for {
		batch, crowd := w.gather(ctx, pause)
		if batch == nil {
			return
		}
		w.last.callers = len(batch)
		again, took := w.round(crowd.ctx, batch) //nolint:contextcheck // it descends from ctx, by way of gather
		crowd.cancel()
		w.last.took, w.last.ended = took, time.Now()
		pause = w.requeue(again, took)
	}
}

func (w *writer) queued() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.queue)
}

// outcome is what a round means for the next one.
type outcome struct {
	callers int // before it releases any: those in it and in the queue
	took    time.Duration
	ended   time.Time
}

// window returns how long to wait for one more op when as many are queued. A CLI replaces each op
// that ended by another, one by one and slower the more resources it has: until there are as many
// as before, waiting as long as a write takes is cheaper than one more round.
func (w *writer) window(queued int) time.Duration {
	if queued >= w.last.callers || time.Since(w.last.ended) >= w.opts.WindowMax {
		return w.opts.Window
	}
	return max(w.opts.Window, min(w.last.took, w.opts.WindowMax))
}

// gather waits until no further op has arrived for a window and takes the whole queue, as a crowd
// that lives as long as one of its callers waits. The pause comes first where ops are to be sent
// again. It returns nil, and the writer is no longer running, when the queue is empty.
func (w *writer) gather(ctx context.Context, pause time.Duration) ([]*op, *crowd) {
	earliest := time.Now().Add(pause)
	latest := earliest.Add(w.opts.WindowMax)
	due := time.NewTimer(pause)
	defer due.Stop()
	for ended := false; ; {
		w.mu.Lock()
		queued := len(w.queue)
		if queued == 0 {
			w.running = false
			w.mu.Unlock()
			return nil, nil
		}
		if ended {
			if batch, crowd := w.take(ctx); batch != nil {
				w.mu.Unlock()
				return batch, crowd
			}
			earliest, ended = time.Now(), false
			latest = earliest.Add(w.opts.WindowMax)
			w.mu.Unlock()
			continue
		}
		w.mu.Unlock()
		next := time.Now().Add(w.window(queued))
		if next.Before(earliest) {
			next = earliest
		}
		if next.After(latest) {
			next = latest
		}
		due.Reset(time.Until(next))
		select {
		case <-due.C:
			ended = true
		case <-w.wake:
		}
	}
}

// take empties the queue into a round, but for resets that wait for the outcome of a set, and ends
// those that a set has made pointless; nil where nothing is left to send. w.mu must be held.
func (w *writer) take(ctx context.Context) ([]*op, *crowd) {
	var batch, waiting []*op
	for _, o := range w.queue {
		verdict := mayLeave
		if o.verb() == reset {
			verdict = w.claims.reset(o.Target)
		}
		switch verdict {
		case mayLeave:
			batch = append(batch, o)
		case mustWait:
			waiting = append(waiting, o)
		case isKept:
			w.finish(o, &KeptError{o.Target})
		}
	}
	w.queue = waiting
	if len(batch) == 0 {
		return nil, nil
	}
	crowd := newCrowd(ctx)
	for _, o := range batch {
		o.crowd = crowd
		crowd.join()
	}
	return batch, crowd
}

// requeue puts ops back that the server acknowledged and did not store, and returns how long to
// wait first: random, so as to fall out of step with another writer, and scaled by how long a
// write takes here.
func (w *writer) requeue(ops []*op, took time.Duration) time.Duration {
	if len(ops) == 0 {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	attempts := 0
	for _, o := range ops {
		if o.finished() {
			continue
		}
		o.crowd, o.acknowledged = nil, false
		w.queue = append(w.queue, o)
		attempts = max(attempts, o.attempts)
	}
	ceiling := max(took, w.opts.PauseMin) << min(attempts, 8)
	return rand.N(min(ceiling, max(w.opts.PauseMax, took))) + w.opts.PauseMin
}
