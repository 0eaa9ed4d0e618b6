package execconfig

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// queue has the ops that wait for a round, and what this run has set and reset, so that two resources with
// one override are refused and no reset undoes a set. mu guards all of it, and the parts of an op that its
// type names.
type queue struct {
	// changed signals a gathering writer that waiting has changed.
	changed chan struct{}

	mu      sync.Mutex
	waiting []*op
	running bool // somebody works on it
	// An op arrives after another one, or after one has ended and made room: the last time of either, and
	// the longest gap since the last round left.
	stirred time.Time
	gap     time.Duration
	// claims has the overrides that resources of this run set.
	claims map[Target]*claim
	// exclusive has the modules and infras that an exclusive set owns.
	exclusive map[harness.Scope]bool
	// resets has the overrides whose reset has left: true once it is done.
	resets map[Target]bool
}

// claim is one resource's claim to an override, from the moment its set is queued.
type claim struct {
	stored bool  // acknowledged
	resets []*op // wait for the outcome of the set
}

func newQueue() *queue {
	return &queue{
		changed:   make(chan struct{}, 1),
		claims:    map[Target]*claim{},
		exclusive: map[harness.Scope]bool{},
		resets:    map[Target]bool{},
	}
}

// add queues the ops of one resource, all or none. An exclusive set names the module and infra that
// it owns, any other resource none. It reports whether somebody has to start working on the queue.
func (q *queue) add(ops []*op, owned harness.Scope) (start bool, _ error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.conflict(ops, owned); err != nil {
		return false, err
	}
	if owned != (harness.Scope{}) {
		q.exclusive[owned] = true
	}
	for _, o := range ops {
		if o.verb() == set {
			q.claim(o)
		} else {
			q.lineUp(o)
		}
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

// conflict returns the error if another resource of this run conflicts with the ops; q.mu must be held.
func (q *queue) conflict(ops []*op, owned harness.Scope) error {
	if owned != (harness.Scope{}) {
		var singles []string
		for target := range q.claims {
			if target.Scope == owned && !q.exclusive[owned] {
				singles = append(singles, target.Field)
			}
		}
		if q.exclusive[owned] || len(singles) > 0 {
			slices.Sort(singles)
			return &ConflictError{Scope: owned, Fields: singles}
		}
		return nil
	}
	for _, o := range ops {
		switch {
		case o.verb() == reset:
		case q.exclusive[o.Scope]:
			return &ConflictError{Scope: o.Scope, Fields: []string{o.Field}}
		case q.claims[o.Target] != nil:
			return &DuplicateError{o.Target}
		}
	}
	return nil
}

// claim queues a set; resets of the same override that have not left wait for it. q.mu must be held.
func (q *queue) claim(o *op) {
	held := &claim{}
	q.claims[o.Target] = held
	q.waiting = slices.DeleteFunc(q.waiting, func(queued *op) bool {
		if queued.Target == o.Target {
			held.resets = append(held.resets, queued)
		}
		return queued.Target == o.Target
	})
	if _, left := q.resets[o.Target]; o.inPlace && !left {
		q.end(o, nil)
		return
	}
	q.waiting = append(q.waiting, o)
}

// lineUp queues a reset, unless this run sets the same override: if that is stored, the reset is skipped;
// if it is on its way, the reset waits for the outcome. q.mu must be held.
func (q *queue) lineUp(o *op) {
	switch held := q.claims[o.Target]; {
	case held == nil:
		q.waiting = append(q.waiting, o)
	case held.stored:
		q.end(o, &KeptError{o.Target})
	default:
		held.resets = append(held.resets, o)
	}
}

// finish ends an op with its outcome, unless its caller has gone.
func (q *queue) finish(o *op, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.end(o, err)
}

// end ends an op once: its claim becomes final, or is given up without an acknowledgement. q.mu must be
// held.
func (q *queue) end(o *op, err error) {
	if o.ended() {
		return
	}
	o.err = err
	close(o.done)
	q.stirred = time.Now()
	if o.round != nil {
		o.round.leave()
	}
	if o.verb() == reset {
		if err == nil {
			q.resets[o.Target] = true
		}
		return
	}
	held := q.claims[o.Target]
	if held.stored = Acknowledged(err); !held.stored {
		delete(q.claims, o.Target)
	}
	for _, waiting := range held.resets {
		if !waiting.ended() {
			q.lineUp(waiting)
		}
	}
	held.resets = nil
	q.signal()
}

// interrupt is for ops whose caller wants no further request: those not sent end at once, those sent are
// left to the round.
func (q *queue) interrupt(ops []*op, cause error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range ops {
		o.interrupted = cause
		if !o.sent {
			q.end(o, unsent(o))
		}
	}
	q.waiting = slices.DeleteFunc(q.waiting, (*op).ended)
	q.signal()
}

// abandon ends ops whose caller no longer waits; a round that nobody waits for ends early.
func (q *queue) abandon(ops []*op, cause error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range ops {
		if o.acknowledged {
			q.end(o, &UnverifiedError{Target: o.Target, Err: cause})
		}
		q.end(o, &CancelledError{Target: o.Target, Sent: true, Err: cause})
	}
}

// count returns how many ops wait.
func (q *queue) count() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
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

// take empties the queue into a round, which descends from ctx.
func (q *queue) take(ctx context.Context) *round {
	q.mu.Lock()
	defer q.mu.Unlock()
	r := newRound(ctx, q.waiting)
	q.waiting, q.gap = nil, 0
	for _, o := range r.ops {
		o.round = r
		if o.verb() == reset {
			q.resets[o.Target] = false
		}
	}
	return r
}

// putBack queues ops of a round again.
func (q *queue) putBack(ops []*op) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range ops {
		if o.ended() {
			continue
		}
		o.round, o.sent, o.acknowledged = nil, false, false
		switch {
		case o.interrupted != nil:
			q.end(o, unsent(o))
		case o.verb() == reset:
			q.lineUp(o)
		default:
			q.waiting = append(q.waiting, o)
		}
	}
}

// send marks the ops whose caller still waits as sent, and returns them.
func (q *queue) send(ops []*op) []*op {
	q.mu.Lock()
	defer q.mu.Unlock()
	var live []*op
	for _, o := range ops {
		if !o.ended() {
			o.sent = true
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
		o.sent, o.uncertain = false, o.uncertain || uncertain
		if o.interrupted != nil {
			q.end(o, unsent(o))
		}
	}
}

// unsent is the outcome of an op whose caller wants no request for it, or no more.
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
		o.acknowledged = true
	}
}

// wasReset reports whether this run has reset an override.
func (q *queue) wasReset(target Target) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.resets[target]
}

func (q *queue) signal() {
	select {
	case q.changed <- struct{}{}:
	default:
	}
}
