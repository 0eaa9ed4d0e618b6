package execconfig

import (
	"context"
	"sync"
)

// crowd is the context of work that several callers wait for. No caller's cancellation ends it;
// it ends when the last of them has left.
type crowd struct {
	ctx    context.Context //nolint:containedctx // a crowd is a context: that of work for many
	cancel context.CancelFunc

	mu      sync.Mutex
	members int
}

// newCrowd returns an empty crowd whose context carries the values of ctx (loggers), not its end.
func newCrowd(ctx context.Context) *crowd {
	shared, cancel := context.WithCancel(context.WithoutCancel(ctx))
	return &crowd{ctx: shared, cancel: cancel}
}

func (c *crowd) join() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members++
}

// leave takes one member out and reports whether it was the last, in which case the work is over.
func (c *crowd) leave() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members--
	if c.members == 0 {
		c.cancel()
	}
	return c.members == 0
}
