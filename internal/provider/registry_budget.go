package provider

import (
	"context"
	"errors"
	"sync"
	"time"
)

// probePatience is how long all the probes of one host may wait in a run, together.
const probePatience = 3 * time.Second

// errNoPatience is why a probe was not sent, or given up.
var errNoPatience = errors.New("the registry has not answered in time in this run")

// budgets bound, for each host, the time in which a probe waits for it. Probes at the same time cost
// that time once. The zero value is ready.
type budgets struct {
	mu    sync.Mutex
	hosts map[string]*budget
}

// budget is what one host may still cost.
type budget struct {
	waiting int
	since   time.Time     // when the first of those that wait began
	spent   time.Duration // before that
	silent  bool
	quit    chan struct{} // closed once silent
}

// begin returns a context that ends when the host's patience does, and what to call at the end of the
// probe. A host that has been silent once is not asked again.
func (b *budgets) begin(ctx context.Context, host string, patience time.Duration) (context.Context, func(silent bool)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hosts == nil {
		b.hosts = map[string]*budget{}
	}
	h := b.hosts[host]
	if h == nil {
		h = &budget{quit: make(chan struct{})}
		b.hosts[host] = h
	}
	if h.waiting == 0 {
		h.since = time.Now()
	}
	h.waiting++
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(patience-h.spent-time.Since(h.since), func() { cancel(errNoPatience) })
	if h.silent {
		cancel(errNoPatience)
	}
	go func() {
		select {
		case <-h.quit:
			cancel(errNoPatience)
		case <-ctx.Done():
		}
	}()
	return ctx, func(silent bool) {
		timer.Stop()
		cancel(nil)
		b.end(h, silent)
	}
}

func (b *budgets) end(h *budget, silent bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if h.waiting--; h.waiting == 0 {
		h.spent += time.Since(h.since)
	}
	if silent && !h.silent {
		h.silent = true
		close(h.quit)
	}
}
