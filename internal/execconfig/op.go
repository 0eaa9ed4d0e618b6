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

// op is the pending write of one field: a set, or a reset where value is empty.
type op struct {
	Target
	value string
	// held is the image that a reset removes, as far as its caller knows.
	held string
	// standing: the caller saw the override in place, so that it is sent only where this run has
	// reset it since.
	standing bool
	// done is closed when the op has ended.
	done chan struct{}

	// Guarded by queue.mu until done is closed, and final from then on.
	sent bool
	// uncertain: a request that carried it before may be stored all the same.
	uncertain bool
	// acknowledged: the server has said yes, and no read has denied it since.
	acknowledged bool
	// interrupted is why the caller wants no further request; nil while it does.
	interrupted error
	err         error
	// round carries the op; nil while it is queued.
	round *round

	// Used by the writer's goroutine only.
	attempts int
	request  *request // the last one that carried the op
	evidence evidence // what the last read shows of it
	heldNow  string   // the image in that read
	ignored  int      // how many acknowledgements left no trace beside others that did
}

func newOp(target Target, value string) *op {
	return &op{Target: target, value: value, done: make(chan struct{})}
}

func setOps(scope harness.Scope, images map[string]string) []*op {
	ops := make([]*op, 0, len(images))
	for field, image := range images {
		ops = append(ops, newOp(Target{scope, field}, image))
	}
	return ops
}

func resetOps(scope harness.Scope, held map[string]string) []*op {
	ops := make([]*op, 0, len(held))
	for field, image := range held {
		o := newOp(Target{scope, field}, "")
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

// request is one update-config or reset-config, with what is known of it. Its ops were stored or lost
// together. The writer's goroutine alone uses it.
type request struct {
	delivery *delivery
	failure  error // nil: acknowledged
	// Its attempts, and how long the slowest took.
	attempts int
	slowest  time.Duration
	// over is until when the server may be at work on one of them; zero where none is open.
	over time.Time
	// shown and lost: a read has shown one of its ops, or the absence of one.
	shown, lost bool
	// telling: nothing but this request can have brought about what it asks for.
	telling bool
}

// open reports whether an attempt may be saved yet. The only one that there was has been once it shows.
func (r *request) open() bool {
	over := r.shown && r.telling && r.attempts == 1
	return !over && time.Now().Before(r.over)
}
