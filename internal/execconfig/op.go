package execconfig

import (
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// verb is what a request does to its fields. Sets go before resets.
type verb int

const (
	set verb = iota
	reset
)

// state is how far an op has come. Any state may become ended; the other transitions are:
//
//	queued ◄─► behind     a set of the same override arrives, or fails
//	queued ──► taken      a batch is made of what waits
//	taken ───► sent       its request leaves
//	sent ────► taken      refused with others: it is sent again in a smaller request
//	sent ────► acknowledged
//	acknowledged ──► queued, behind    no read shows it: it is sent again in another batch
type state int

const (
	queued       state = iota
	behind             // a reset that waits for a set of the same override
	taken              // in a batch, and in no request that may still store it
	sent               // in a request
	acknowledged       // by the server; a read decides
	ended
)

// op is the pending write of one field: a set, or a reset if value is empty.
type op struct {
	// Set before the op is queued, and never changed.
	Target
	value string
	// held is the image that a reset removes, as far as its caller knows.
	held string
	// inPlace: the caller saw the override in place, so it is sent only if this run has reset it since.
	inPlace bool
	// done is closed when the op ends.
	done chan struct{}

	// Guarded by queue.mu.
	state state
	batch *batch // that carries it; nil while it is queued or behind
	// uncertain: an earlier request that carried it may be stored after all.
	uncertain bool
	// interrupted is why the caller wants no further request; nil otherwise.
	interrupted error
	// err is the outcome; once done is closed it is final, and anybody may read it.
	err error

	// Written by the writer's goroutine alone, and only while the op is sent or acknowledged, or has ended
	// without it. In the states before those, anybody who holds queue.mu may read them.
	attempts int
	carrier  *request // the last one that carried the op
	evidence evidence // what the last read shows about it
	heldNow  string   // the image in that read
	ignored  int      // how many acknowledged requests stored others but not it
	before   images   // the overrides before the first request, if the defaults do not list the field
	aliasOf  string   // the field that it was stored under instead
}

func newOp(target Target, value string) *op {
	return &op{Target: target, value: value, done: make(chan struct{})}
}

func setOps(scope harness.Scope, images map[string]string) []*op {
	ops := make([]*op, 0, len(images))
	for field, image := range images {
		ops = append(ops, newOp(Target{Scope: scope, Field: field}, image))
	}
	return ops
}

func resetOps(scope harness.Scope, held map[string]string) []*op {
	ops := make([]*op, 0, len(held))
	for field, image := range held {
		o := newOp(Target{Scope: scope, Field: field}, "")
		o.held = image
		ops = append(ops, o)
	}
	return ops
}

func (o *op) verb() verb {
	if o.value == "" {
		return reset
	}
	return set
}

func (o *op) ended() bool {
	select {
	case <-o.done:
		return true
	default:
		return false
	}
}

// request is one update-config or reset-config, with what is known about it. Its ops were stored or lost
// together. Only the writer's goroutine uses it.
type request struct {
	delivery *delivery
	failure  error // nil: acknowledged
	// Its attempts, and how long the slowest took.
	attempts int
	slowest  time.Duration
	// actsUntil is until when the server may still be at work on one of them; zero if none is open.
	actsUntil time.Time
	// anyShown and anyLost: a read has shown one of its ops, or the absence of one.
	anyShown, anyLost bool
	// telling: only this request can have stored what it sends.
	telling bool
}

// open reports whether an attempt may still be saved. A single attempt has been once it shows.
func (r *request) open() bool {
	saved := r.anyShown && r.telling && r.attempts == 1
	return !saved && time.Now().Before(r.actsUntil)
}
