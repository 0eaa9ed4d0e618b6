package execconfig

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
)

// TestRandomInterleavings drives sets, resets, reads, cancellations and faults against a model:
// a success must be stored, a definite failure must not have changed anything, and nothing that
// another caller wrote may be lost.
func TestRandomInterleavings(t *testing.T) {
	for seed := range seeds(200) {
		synctest.Test(t, func(t *testing.T) { interleave(t, seed) })
	}
}

// seeds returns how many seeds a random test tries: n, or many times that with HARNESSCI_TEST_LONG set.
func seeds(n uint64) uint64 {
	if os.Getenv("HARNESSCI_TEST_LONG") != "" {
		return 20 * n
	}
	return n
}

func interleave(t *testing.T, seed uint64) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 7))
	s := newServer(time.Duration(random.IntN(200)) * time.Millisecond)
	s.Tune(func(o *fakeharness.Options) { o.HideDefaults = random.IntN(2) == 0 })
	if random.IntN(3) == 0 {
		s.lag = time.Duration(random.IntN(3000)) * time.Millisecond
		every := 1 + random.IntN(3)
		s.stale = func(read int) bool { return read%every == 0 }
	}
	faults, late := random.IntN(3), false // late: a write may be saved after its answer, beside the next attempt
	var mu sync.Mutex                     // random is shared by the callers
	roll := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return random.IntN(n)
	}
	s.fault = func(c call) verdict {
		if faults == 0 || roll(4) > 0 {
			return verdict{}
		}
		down := &harness.Error{Call: c.name, Status: http.StatusServiceUnavailable, Uncertain: true}
		open := &harness.Error{Call: c.name, Status: http.StatusGatewayTimeout, Uncertain: true}
		write := c.name == "update" || c.name == "reset"
		verdicts := []verdict{
			{lie: write && s.stale == nil}, // see DESIGN.md on a copy from before an override was set
			{err: down},
			{err: down, stored: true},
			{err: &harness.Error{Call: c.name, Status: http.StatusForbidden}},
			{err: failedInside("")},
			{err: open, late: time.Duration(roll(8000)) * time.Millisecond, retried: write && roll(2) == 0},
		}
		v := verdicts[roll(len(verdicts))]
		late = late || v.late > 0
		return v
	}
	a := newAccount(t, s)
	forEach(60, 10, func(i int) {
		// Every caller owns its fields, so that the model needs no order between callers.
		field, scope := fieldName(i%30), []harness.Scope{k8, vm}[i/30]
		for step := range 1 + roll(3) {
			time.Sleep(time.Duration(roll(150)) * time.Millisecond)
			ctx, cancel := context.WithCancel(t.Context())
			if roll(5) == 0 {
				ctx, cancel = context.WithTimeout(t.Context(), time.Duration(roll(400))*time.Millisecond)
			}
			before := s.overrides(scope)[field]
			want := fmt.Sprintf("image:%d", step)
			var err error
			switch {
			case step == 0:
				err = a.Set(ctx, scope, field, want)
			case roll(3) == 0:
				_, err = a.Overrides(ctx, scope)
				want = before
			default:
				// A run sets an override once, so a second write of it is a reset.
				want = ""
				if err = a.Reset(ctx, scope, field, before); isA[*owners.KeptError](err) {
					want = before
				}
			}
			cancel()
			checkOutcome(t, fmt.Sprintf("seed %d, %s/%s step %d", seed, scope, field, step), err, before, want, s.overrides(scope)[field])
			if isCancelled(true)(err) || isA[*UncertainError](err) || isA[*UnverifiedError](err) {
				return // its write may still land
			}
		}
	})
	time.Sleep(time.Minute) // late writes are saved
	synctest.Wait()
	if !late && s.MaxWritesInFlight() > 1 {
		t.Errorf("seed %d: %d writes in flight at once", seed, s.MaxWritesInFlight())
	}
}

func checkOutcome(t *testing.T, where string, err error, before, want, got string) {
	t.Helper()
	cancelled, wasCancelled := errors.AsType[*CancelledError](err)
	switch {
	case err == nil || isA[*owners.KeptError](err) || isA[*UnverifiedError](err) && got == want:
		if got != want {
			t.Errorf("%s: success, but the server has %q, not %q", where, got, want)
		}
	case wasCancelled && !cancelled.Sent:
		if got != before {
			t.Errorf("%s: nothing was sent, but the server has %q, not %q", where, got, before)
		}
	case got != before && got != want:
		t.Errorf("%s: failed (%v), and the server has %q, neither %q nor %q", where, err, got, before, want)
	}
}

func TestADefiniteFailureStoresNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		s.fault = func(c call) verdict {
			if c.name == "update" {
				return verdict{err: &harness.Error{Call: c.name, Status: http.StatusForbidden}}
			}
			return verdict{}
		}
		a := newAccount(t, s)
		forEach(5, 5, func(i int) {
			if err := a.Set(t.Context(), k8, fieldName(i), "mirror:2"); err == nil {
				t.Error("a refused write passed")
			}
		})
		if got := s.count("update", "overrides"); got != 1 {
			t.Errorf("%d requests, want the one refused write and no read", got)
		}
	})
}
