package pulls

import (
	"context"
	"errors"
	"sync"
	"time"
)

// budgets limit how long look-ups wait for each host: concurrent ones spend that time once, and quick answers none. A host whose
// budget is spent is not asked again. The zero value is ready.
type budgets struct {
	mu    sync.Mutex
	hosts map[string]*budget
}

// quick is how fast an answer costs nothing: many look-ups of a host that works are not cut off.
const quick = 500 * time.Millisecond

// budget is what one host has spent.
type budget struct {
	waiting int
	since   time.Time     // of the last answer, or when the first of those that wait began
	spent   time.Duration // before that
}

// spend sends a look-up while the host's budget lasts. It returns a *SilentError if that ends first.
func (b *budgets) spend(ctx context.Context, host string, look func(context.Context) error) error {
	silent := &SilentError{Host: host}
	left := b.begin(host)
	defer b.end(host)
	if left <= 0 {
		return silent
	}
	ctx, cancel := context.WithTimeoutCause(ctx, left, silent)
	defer cancel()
	err := look(ctx)
	if err != nil && errors.Is(context.Cause(ctx), silent) {
		return silent
	}
	return err
}

// begin adds a look-up and returns how long it may wait.
func (b *budgets) begin(host string) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.hosts[host]
	if h == nil {
		h = &budget{}
		if b.hosts == nil {
			b.hosts = map[string]*budget{}
		}
		b.hosts[host] = h
	}
	if h.waiting == 0 {
		h.since = time.Now()
	}
	h.waiting++
	return Patience - h.spent - time.Since(h.since)
}

// end removes a look-up.
func (b *budgets) end(host string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.hosts[host]
	h.waiting--
	if waited := time.Since(h.since); waited > quick {
		h.spent += waited
	}
	h.since = time.Now()
}
