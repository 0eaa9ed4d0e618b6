package execconfig

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
)

// queue has the ops that wait for the writer. mu guards all of it, and the parts of an op that its type
// names.
type queue struct {
	// changed signals a gathering writer that waiting has changed.
	changed chan struct{}

	mu      sync.Mutex
	waiting []*op // queued
	// behind has the resets that wait for the outcome of a set.
	behind  map[Target][]*op
	claims  *owners.Claims
	running bool // somebody works on it
	// An op arrives after another one, or after one has ended and made room: the last time of either, and
	// the longest gap since the last batch left.
	stirred time.Time
	gap     time.Duration
}

func newQueue() *queue {
	return &queue{changed: make(chan struct{}, 1), behind: map[Target][]*op{}, claims: owners.NewClaims()}
}

// add queues the ops of one resource, all or none. An exclusive set names the module and infra that
// it owns, any other resource none. It reports whether somebody has to start working on the queue.
func (q *queue) add(ops []*op, owned harness.Scope) (start bool, _ error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var sets []Target
	for _, o := range ops {
		if o.verb() == set {
			sets = append(sets, o.Target)
		}
	}
	if err := q.claims.Claim(sets, owned); err != nil {
		return false, err
	}
	for _, o := range ops {
		if o.verb() == set {
			q.standBehind(o)
		}
		q.lineUp(o)
	}
	now := time.Now()
	if !q.stirred.IsZero() {
		q.gap = max(q.gap, now.Sub(q.stirred))
	}
	q.stirred = now
	start = !q.running && len(q.waiting) > 0
	q.running = q.running || start
	q.signal()
	return start, nil
}

// standBehind makes the queued resets of an override wait for a set of it; q.mu must be held.
func (q *queue) standBehind(o *op) {
	q.waiting = slices.DeleteFunc(q.waiting, func(other *op) bool {
		same := other.Target == o.Target
		if same {
			other.state = behind
			q.behind[o.Target] = append(q.behind[o.Target], other)
		}
		return same
	})
}

// lineUp queues an op, or puts a reset behind a set; a reset that would undo a set ends. q.mu must be held.
func (q *queue) lineUp(o *op) {
	o.state, o.batch = queued, nil
	turn := owners.Now
	if o.verb() == reset {
		turn = q.claims.ResetTurn(o.Target)
	}
	switch turn {
	case owners.Now:
		q.waiting = append(q.waiting, o)
	case owners.Later:
		o.state = behind
		q.behind[o.Target] = append(q.behind[o.Target], o)
	case owners.Never:
		q.end(o, &owners.KeptError{Target: o.Target})
	}
}

// finish ends an op with its outcome, unless its caller has gone.
func (q *queue) finish(o *op, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.end(o, err)
}

// end ends an op once. The resets that a set holds up are lined up again. q.mu must be held.
func (q *queue) end(o *op, err error) {
	if o.state == ended {
		return
	}
	o.state, o.err = ended, err
	close(o.done)
	q.stirred = time.Now()
	if o.batch != nil {
		o.batch.leave()
	}
	if o.verb() == reset {
		if err == nil {
			q.claims.ResetDone(o.Target)
		}
		return
	}
	q.claims.SetEnded(o.Target, Acknowledged(err))
	resets := q.behind[o.Target]
	delete(q.behind, o.Target)
	for _, waiting := range resets {
		if waiting.state != ended {
			q.lineUp(waiting)
		}
	}
	q.signal()
}

// interrupt is for ops whose caller wants no further request: those not sent end at once, those sent are
// left to the writer.
func (q *queue) interrupt(ops []*op, cause error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range ops {
		o.interrupted = cause
		switch {
		case o.state >= sent:
		case o.inPlace && !q.claims.Touched(o.Target):
			q.end(o, nil)
		default:
			q.end(o, unsent(o))
		}
	}
	q.waiting = slices.DeleteFunc(q.waiting, (*op).ended)
	q.signal()
}

// abandon ends ops whose caller no longer waits; a batch that nobody waits for ends early.
func (q *queue) abandon(ops []*op, cause error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range ops {
		if o.state == acknowledged {
			q.end(o, &UnverifiedError{Target: o.Target, Err: cause})
		}
		q.end(o, &CancelledError{Target: o.Target, Sent: true, Err: cause})
	}
}

// arrivals returns how many ops wait, and the longest gap between two arrivals.
func (q *queue) arrivals() (waiting int, gap time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting), q.gap
}

// idle reports whether nothing waits; whoever works on the queue must then stop.
func (q *queue) idle() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running = len(q.waiting) > 0
	return !q.running
}

// take empties the queue into a batch, which descends from ctx.
func (q *queue) take(ctx context.Context) *batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := newBatch(ctx, q.waiting)
	q.waiting, q.gap = nil, 0
	for _, o := range b.ops {
		o.state, o.batch = taken, b
		if o.verb() == reset {
			q.claims.ResetLeft(o.Target)
		}
	}
	return b
}

// admit sorts ops, given the overrides that other processes of this run have set and reset: those to send, and
// the outcomes of those that need no request or may have none.
func (q *queue) admit(ops []*op, setElsewhere, resetElsewhere map[string]bool) (send []*op, known map[*op]error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	known = map[*op]error{}
	for _, o := range ops {
		name := o.String()
		switch {
		case setElsewhere[name] && o.value == "":
			known[o] = &owners.KeptError{Target: o.Target}
		case setElsewhere[name]:
			known[o] = &owners.DuplicateError{Target: o.Target}
		case o.inPlace && !q.claims.Touched(o.Target) && !resetElsewhere[name]:
			known[o] = nil
		default:
			send = append(send, o)
		}
	}
	return send, known
}

// failed returns the sets that have ended without an acknowledgement.
func (q *queue) failed(ops []*op) (failed []*op) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range ops {
		if o.verb() == set && o.state == ended && !Acknowledged(o.err) {
			failed = append(failed, o)
		}
	}
	return failed
}

// putBack queues ops of a batch again.
func (q *queue) putBack(ops []*op) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range ops {
		switch {
		case o.state == ended:
		case o.interrupted != nil:
			o.batch = nil
			q.end(o, unsent(o))
		default:
			q.lineUp(o)
		}
	}
}

// send marks the ops whose caller still waits as sent, and returns them.
func (q *queue) send(ops []*op) []*op {
	q.mu.Lock()
	defer q.mu.Unlock()
	var live []*op
	for _, o := range ops {
		if o.state != ended {
			o.state = sent
			live = append(live, o)
		}
	}
	return live
}

// turnBack marks ops as not sent: the server has stored none of them or, if that is uncertain, does not
// show them.
func (q *queue) turnBack(ops []*op, uncertain bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range ops {
		if o.state == ended {
			continue
		}
		o.state, o.uncertain = taken, o.uncertain || uncertain
		if o.interrupted != nil {
			q.end(o, unsent(o))
		}
	}
}

// unsent is the outcome of an op whose caller wants no request for it, or no more. q.mu must be held.
func unsent(o *op) error {
	switch {
	case o.attempts == 0:
		return &CancelledError{Target: o.Target, Sent: o.uncertain, Err: o.interrupted}
	case o.evidence == hidden:
		return &UnverifiedError{Target: o.Target, Err: o.interrupted}
	}
	return notStored(o, o.interrupted)
}

// acknowledge records that the server has acknowledged ops.
func (q *queue) acknowledge(ops []*op) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range ops {
		if o.state != ended {
			o.state = acknowledged
		}
	}
}

// claimed reports whether a resource of this run sets an override.
func (q *queue) claimed(target Target) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.claims.Claimed(target)
}

// wasReset reports whether this run has reset an override.
func (q *queue) wasReset(target Target) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.claims.WasReset(target)
}

func (q *queue) signal() {
	select {
	case q.changed <- struct{}{}:
	default:
	}
}
