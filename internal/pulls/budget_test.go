package pulls

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

// hang is a probe of a host that never answers.
func hang(ctx context.Context) error {
	<-ctx.Done()
	return &registry.Error{Kind: registry.Unreachable, Err: ctx.Err()}
}

// slow is a probe of a host that takes its time.
func slow(ctx context.Context) error {
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return hang(ctx)
	case <-timer.C:
		return nil
	}
}

// For any number of images of a host, looked up at once or one after the other.
func TestAHostCostsItsPatienceOnce(t *testing.T) {
	t.Parallel()
	for name, probe := range map[string]func(context.Context) error{"hangs": hang, "slow": slow} {
		for _, turns := range []int{1, 20} {
			synctest.Test(t, func(t *testing.T) {
				var b budgets
				start := time.Now()
				for range turns {
					var all sync.WaitGroup
					for range 30 {
						all.Go(func() { _ = b.spend(t.Context(), "a.example.com", probe) })
					}
					all.Wait()
				}
				if took := time.Since(start); took > Patience {
					t.Errorf("%s, %d turns: it took %s", name, turns, took)
				}
				if err := b.spend(t.Context(), "b.example.com", slow); err != nil {
					t.Errorf("another host pays for it: %v", err)
				}
			})
		}
	}
}

// What waits for a host ends with its budget, and what comes later is not sent.
func TestASilentHostIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b budgets
		err := b.spend(t.Context(), "a.example.com", hang)
		if _, silent := errors.AsType[*SilentError](err); !silent || !strings.Contains(err.Error(), "a.example.com did not answer within 3 s") {
			t.Errorf("the look-up ended with %v", err)
		}
		asked := false
		err = b.spend(t.Context(), "a.example.com", func(context.Context) error { asked = true; return nil })
		if _, silent := errors.AsType[*SilentError](err); asked || !silent {
			t.Errorf("asked again: %v, %v", asked, err)
		}
	})
}

// An interrupt is not silence.
func TestAnInterruptIsReportedAsSuch(t *testing.T) {
	t.Parallel()
	var b budgets
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.spend(ctx, "a.example.com", hang); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// Any answer, whatever it says, is not silence.
func TestAnAnswerKeepsAHostAlive(t *testing.T) {
	t.Parallel()
	var b budgets
	for _, kind := range []registry.Kind{registry.NotFound, registry.NoRepository, registry.Denied, registry.RateLimited, registry.Refused} {
		answer := &registry.Error{Kind: kind}
		for range 2 {
			if err := b.spend(t.Context(), "a.example.com", func(context.Context) error { return answer }); !errors.Is(err, answer) {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
}
