package provider

import (
	"context"
	"errors"
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
						all.Go(func() { _ = b.spend(t.Context(), "a.example.com", probePatience, probe) })
					}
					all.Wait()
				}
				if took := time.Since(start); took > probePatience {
					t.Errorf("%s, %d turns: it took %s", name, turns, took)
				}
				if err := b.spend(t.Context(), "b.example.com", probePatience, slow); err != nil {
					t.Errorf("another host pays for it: %v", err)
				}
			})
		}
	}
}

func TestASilentHostEndsTheOtherProbesAndIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b budgets
		var other sync.WaitGroup
		start := time.Now()
		other.Go(func() {
			if err := b.spend(t.Context(), "a.example.com", probePatience, hang); !errors.Is(err, errNoPatience) {
				t.Errorf("the other probe ended with %v", err)
			}
		})
		synctest.Wait()
		refused := &registry.Error{Kind: registry.Unreachable}
		if err := b.spend(t.Context(), "a.example.com", probePatience, func(context.Context) error { return refused }); !errors.Is(err, refused) {
			t.Errorf("the probe ended with %v", err)
		}
		other.Wait()
		asked := false
		err := b.spend(t.Context(), "a.example.com", probePatience, func(context.Context) error { asked = true; return nil })
		if asked || !errors.Is(err, errNoPatience) || time.Since(start) != 0 {
			t.Errorf("asked again: %v, %v, after %s", asked, err, time.Since(start))
		}
	})
}

// Any answer, whatever it says, is not silence.
func TestAnAnswerKeepsAHostAlive(t *testing.T) {
	t.Parallel()
	var b budgets
	for _, kind := range []registry.Kind{registry.NotFound, registry.NoRepository, registry.Denied, registry.RateLimited, registry.Refused} {
		answer := &registry.Error{Kind: kind}
		for range 2 {
			if err := b.spend(t.Context(), "a.example.com", probePatience, func(context.Context) error { return answer }); !errors.Is(err, answer) {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
}
