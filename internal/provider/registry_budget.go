package provider

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

// probePatience is how long all probes of one host together may wait in a run.
const probePatience = 3 * time.Second

// errNoPatience is why a probe was given up, or not sent.
var errNoPatience = errors.New("the registry did not answer in time earlier in this run")

// budgets limit how long probes wait for each host. Concurrent probes cost that time once, and a host that
// did not answer is not asked again. The zero value is ready.
type budgets struct {
	mu    sync.Mutex
	hosts map[string]*budget
}

// budget is the state of one host.
type budget struct {
	waiting map[*context.CancelCauseFunc]bool
	since   time.Time     // when the first of those that wait began
	spent   time.Duration // before that
	silent  bool
}

// spend sends a probe while the host's budget lasts.
func (b *budgets) spend(ctx context.Context, host string, patience time.Duration, probe func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	left, ok := b.begin(host, patience, &cancel)
	if !ok {
		return errNoPatience
	}
	timer := time.AfterFunc(left, func() { cancel(errNoPatience) })
	defer timer.Stop()
	err := probe(ctx)
	if errors.Is(context.Cause(ctx), errNoPatience) {
		err = errNoPatience
	}
	b.end(host, &cancel, errors.Is(err, errNoPatience) || isSilent(err))
	return err
}

// isSilent reports whether an error means that a host cannot be asked at all.
func isSilent(err error) bool {
	kind, ok := registry.KindOf(err)
	return ok && (kind == registry.Unreachable || kind == registry.Untrusted)
}

// begin adds a probe and returns how long it may wait; false if the budget is spent.
func (b *budgets) begin(host string, patience time.Duration, cancel *context.CancelCauseFunc) (time.Duration, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.hosts[host]
	if h == nil {
		h = &budget{waiting: map[*context.CancelCauseFunc]bool{}}
		if b.hosts == nil {
			b.hosts = map[string]*budget{}
		}
		b.hosts[host] = h
	}
	if len(h.waiting) == 0 {
		h.since = time.Now()
	}
	left := patience - h.spent - time.Since(h.since)
	if h.silent || left <= 0 {
		return 0, false
	}
	h.waiting[cancel] = true
	return left, true
}

// end removes a probe. If the host is silent, it cancels the other probes.
func (b *budgets) end(host string, cancel *context.CancelCauseFunc, silent bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.hosts[host]
	delete(h.waiting, cancel)
	if len(h.waiting) == 0 {
		h.spent += time.Since(h.since)
	}
	if !silent {
		return
	}
	h.silent = true
	for other := range h.waiting {
		(*other)(errNoPatience)
	}
}
