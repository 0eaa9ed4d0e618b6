package execconfig

import "github.com/harnessci/terraform-provider-harnessci/internal/harness"

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
	// standing: the caller saw the override in place, so that it is sent only where this run has
	// reset it since.
	standing bool
	// done is closed when the op has ended.
	done chan struct{}

	// Guarded by queue.mu until done is closed, and final from then on.
	sent bool
	// acknowledged: the server has said yes, and no read has denied it since.
	acknowledged bool
	err          error
	// round carries the op; nil while it is queued.
	round *round

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

func setOps(scope harness.Scope, images map[string]string) []*op {
	ops := make([]*op, 0, len(images))
	for field, image := range images {
		ops = append(ops, newOp(Target{scope, field}, image))
	}
	return ops
}

func resetOps(scope harness.Scope, fields []string) []*op {
	ops := make([]*op, 0, len(fields))
	for _, field := range fields {
		ops = append(ops, newOp(Target{scope, field}, ""))
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
