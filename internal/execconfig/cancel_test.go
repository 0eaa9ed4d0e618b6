package execconfig

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestACancelledCallerLeavesTheOthersAlone(t *testing.T) {
	for name, test := range map[string]struct {
		after time.Duration
		sent  bool
		want  func(error) bool
	}{
		"while gathering":          {10 * time.Millisecond, false, isCancelled(false)},
		"while the write is out":   {60 * time.Millisecond, true, isCancelled(true)},
		"while it is being proven": {200 * time.Millisecond, true, isA[*UnverifiedError]},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(latency)
				a := newAccount(t, s)
				forEach(5, 5, func(i int) {
					ctx := t.Context()
					if i == 0 {
						limited, cancel := context.WithTimeout(ctx, test.after)
						defer cancel()
						ctx = limited
					}
					start := time.Now()
					err := a.Set(ctx, k8, fieldName(i), "mirror:2")
					if i > 0 {
						if err != nil {
							t.Errorf("neighbour %d: %v", i, err)
						}
						return
					}
					if !test.want(err) || !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("got %v", err)
					}
					if waited := time.Since(start); waited != test.after {
						t.Errorf("returned after %s, not at once", waited)
					}
				})
				_, stored := s.overrides(k8)[fieldName(0)]
				if stored != test.sent || len(s.overrides(k8)) < 4 {
					t.Errorf("the server holds %v", s.overrides(k8))
				}
			})
		})
	}
}

func isCancelled(sent bool) func(error) bool {
	return func(err error) bool {
		cancelled, ok := errors.AsType[*CancelledError](err)
		return ok && cancelled.Sent == sent
	}
}

func TestAWriteNobodyWaitsForIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		s.fault = func(call) verdict { return verdict{hang: true} }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := newAccount(t, s).Set(ctx, k8, fieldName(0), "mirror:2"); !isA[*CancelledError](err) {
			t.Errorf("got %v", err)
		}
		// The bubble fails the test if the writer's goroutine is still there at its end.
	})
}

func TestAPauseNobodyWaitsForIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		s.fault = func(c call) verdict { return verdict{lie: c.name == "update"} }
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		a := newAccount(t, s)
		if err := a.Set(ctx, k8, fieldName(0), "mirror:2"); !isCancelled(true)(err) && !isA[*UnverifiedError](err) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if a.writer.queue.running || len(a.writer.queue.waiting) != 0 {
			t.Errorf("running %t with %d queued", a.writer.queue.running, len(a.writer.queue.waiting))
		}
	})
}

func TestAHeldLockYieldsToCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		a := newAccount(t, s)
		release, err := a.writer.lock.acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := a.Set(ctx, k8, fieldName(0), "mirror:2"); !isCancelled(false)(err) {
			t.Errorf("got %v", err)
		}
		release()
		if err := a.Set(t.Context(), k8, fieldName(0), "mirror:2"); err != nil {
			t.Error(err)
		}
		if got := s.count("update"); got != 1 {
			t.Errorf("%d writes, want only the one after the lock was free", got)
		}
	})
}
