package execconfig

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// queue holds the ops that wait for a round, and what this run has set and reset, so that two
// resources that want one override are told and no reset undoes a set. mu guards all of it, and of
// an op what its type says.
type queue struct {
	// changed tells a gathering writer that waiting is another.
	changed chan struct{}

	mu      sync.Mutex
	waiting []*op
	running bool // somebody works on it
	// An op arrives after another one, or after the end of one, which makes room for it: when that was
	// the last time, and the longest time in between since the last round left.
	stirred time.Time
	gap     time.Duration
	// claims holds the overrides that resources of this run set.
	claims map[Target]*claim
	// exclusive holds the modules and infras that an exclusive set owns.
	exclusive map[harness.Scope]bool
	// resets holds the overrides whose reset has left: true once it is done.
	resets map[Target]bool
}

// claim is one resource's hold on an override, from the moment in which its set is queued.
type claim struct {
	stored bool  // the server has said yes
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

// conflict returns what another resource of this run has against the ops; q.mu must be held.
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
	if _, left := q.resets[o.Target]; o.standing && !left {
		q.end(o, nil)
		return
	}
	q.waiting = append(q.waiting, o)
}

// lineUp queues a reset, unless this run sets the same override: stored, the reset is left out; on
// its way, the reset waits for the outcome. q.mu must be held.
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

// end ends an op once: a claim becomes final, or is given back where the server did not say yes.
// q.mu must be held.
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

// interrupt is what becomes of ops whose caller wants no further request: those that have not left end
// at once, those that have are left to the round.
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

// abandon ends ops whose caller waits no longer; a round that nobody waits for ends early.
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

// idle reports that nothing waits, in which case whoever works on the queue is to stop.
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

// putBack queues ops of a round that are to be sent again.
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

// send returns the ops that are still to be sent, from now on marked as sent: those whose caller has
// not gone.
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

// turnBack marks ops as not sent: the server has stored none of them or, where that is uncertain, does
// not show them.
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

// unsent is the outcome of an op whose caller wants no request for it, or no further one.
func unsent(o *op) error {
	switch {
	case o.attempts == 0:
		return &CancelledError{Target: o.Target, Sent: o.uncertain, Err: o.interrupted}
	case o.evidence == hidden:
		return &UnverifiedError{Target: o.Target, Err: o.interrupted}
	}
	return notStored(o, o.interrupted)
}

// acknowledge notes that the server has said yes to ops.
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
