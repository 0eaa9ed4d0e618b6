package execconfig

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// interruptible returns a context that ends after a time, as those of all resources do at Ctrl-C.
func interruptible(t *testing.T, after time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), after)
	t.Cleanup(cancel)
	return ctx
}

func isCancelled(sent bool) func(error) bool {
	return func(err error) bool {
		cancelled, ok := errors.AsType[*CancelledError](err)
		return ok && cancelled.Sent == sent
	}
}

// What has been sent when a run is interrupted is waited for and its outcome reported; the rest is not
// sent.
func TestAnInterruptWaitsForWhatIsOnItsWayAndSendsNoMore(t *testing.T) {
	const slow = 3 * time.Second
	for name, test := range map[string]struct {
		after  time.Duration
		stored int // of 12, ten at a time
		took   time.Duration
	}{
		"while gathering":          {10 * time.Millisecond, 0, 10 * time.Millisecond},
		"while the write is out":   {time.Second, 10, 30*time.Millisecond + 3*slow},
		"while it is being proven": {5 * time.Second, 10, 30*time.Millisecond + 3*slow},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(slow)
				a := newAccount(t, s)
				ctx, start := interruptible(t, test.after), time.Now()
				var told, refused int
				outcomes := make([]error, 12)
				forEach(12, 10, func(i int) { outcomes[i] = a.Set(ctx, k8, fieldName(i), "mirror:2") })
				for i, err := range outcomes {
					switch _, stored := s.overrides(k8)[fieldName(i)]; {
					case err == nil:
						told++
						if !stored {
							t.Errorf("%d is reported but not stored", i)
						}
					case isCancelled(false)(err) && errors.Is(err, context.DeadlineExceeded):
						refused++
						if stored {
							t.Errorf("%d is stored but not reported", i)
						}
					default:
						t.Errorf("%d: %v", i, err)
					}
				}
				if told != test.stored || refused != 12-test.stored || s.count("update") > 1 {
					t.Errorf("%d stored, %d refused, %d requests", told, refused, s.count("update"))
				}
				if took := time.Since(start); took != test.took {
					t.Errorf("it took %s, want %s", took, test.took)
				}
			})
		})
	}
}

// The next run on this machine writes only once the interrupted one has stopped writing.
func TestAnInterruptedWriteKeepsTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(3 * time.Second)
		one := newAccount(t, s)
		two := New(s, "test", one.opts)
		forEach(2, 2, func(i int) {
			if i == 0 {
				if err := one.Set(interruptible(t, time.Second), k8, fieldName(0), "mirror:2"); err != nil {
					t.Errorf("the interrupted one: %v", err)
				}
				return
			}
			time.Sleep(2 * time.Second)
			if err := two.Set(t.Context(), vm, fieldName(0), "mirror:2"); err != nil {
				t.Errorf("the next one: %v", err)
			}
		})
		if len(s.overrides(k8)) != 1 || len(s.overrides(vm)) != 1 || s.MaxWritesInFlight() != 1 || s.count("update") != 2 {
			t.Errorf("the server has %v and %v after %d writes, %d at once", s.overrides(k8), s.overrides(vm), s.count("update"), s.MaxWritesInFlight())
		}
	})
}

func TestOneCallersCancellationLeavesTheOthersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, newServer(latency))
		forEach(5, 5, func(i int) {
			ctx := t.Context()
			if i == 0 {
				ctx = interruptible(t, 10*time.Millisecond)
			}
			if err := a.Set(ctx, k8, fieldName(i), "mirror:2"); (err != nil) != (i == 0) {
				t.Errorf("%d: %v", i, err)
			}
		})
	})
}

// However slow the server is, an interrupt ends within the request timeout and the time for late answers.
func TestAnInterruptIsBounded(t *testing.T) {
	for name, test := range map[string]struct {
		fault func(call) verdict
		want  func(error) bool
	}{
		"a write that hangs": {func(call) verdict { return verdict{hang: true} }, isCancelled(true)},
		"a read that hangs":  {func(c call) verdict { return verdict{hang: c.name == "overrides"} }, isA[*UnverifiedError]},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(latency)
				s.fault = test.fault
				start := time.Now()
				if err := newAccount(t, s).Set(interruptible(t, time.Second), k8, fieldName(0), "mirror:2"); !test.want(err) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(start); took != 41*time.Second {
					t.Errorf("it took %s", took)
				}
				// The bubble fails the test if the writer's goroutine is still there at its end.
			})
		})
	}
}

// A late answer to an interrupted write is waited for like any other.
func TestAnInterruptWaitsForALateWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		s.fault = times(1, verdict{err: &harness.Error{Uncertain: true, Status: http.StatusGatewayTimeout}, late: 6 * time.Second})
		if err := newAccount(t, s).Set(interruptible(t, time.Second), k8, fieldName(0), "mirror:2"); err != nil {
			t.Errorf("got %v", err)
		}
	})
}

// What another writer has undone is not sent again once nobody waits: its loss is reported.
func TestAnInterruptedWriteIsNotRepeated(t *testing.T) {
	for _, after := range []time.Duration{100 * time.Millisecond, 4 * time.Second, 5 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(latency)
			s.fault = func(c call) verdict { return verdict{lie: c.name == "update"} }
			a := newAccount(t, s)
			err := a.Set(interruptible(t, after), k8, fieldName(0), "mirror:2")
			lost, ok := errors.AsType[*NotStoredError](err)
			if !ok || !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("after %s: %v", after, err)
			}
			if lost.Attempts != s.count("update") || lost.Attempts > 3 {
				t.Errorf("after %s: sent %d times, said to be %d", after, s.count("update"), lost.Attempts)
			}
			synctest.Wait()
			if a.writer.queue.running || len(a.writer.queue.waiting) != 0 {
				t.Errorf("running %t with %d queued", a.writer.queue.running, len(a.writer.queue.waiting))
			}
		})
	}
}

// Nor is what needs a second acknowledgement: it is reported with the first one only.
func TestAnInterruptedPinIsNotVerified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		s.Tune(func(o *fakeharness.Options) { o.HideDefaults = true })
		err := newAccount(t, s).Set(interruptible(t, 100*time.Millisecond), k8, fieldName(0), "default:1")
		if !isA[*UnverifiedError](err) || s.count("update") != 1 {
			t.Errorf("%v after %d writes", err, s.count("update"))
		}
	})
}

// The parts of a refused request were not stored: an interrupt leaves them. After a 500 that is not sure.
func TestAnInterruptEndsTheSplitting(t *testing.T) {
	for sent, refuse := range map[bool]func(string) error{false: refused, true: failedInside} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(3 * time.Second)
			s.fault = func(c call) verdict {
				if len(c.fields) > 1 {
					return verdict{err: refuse(fieldName(0))}
				}
				return verdict{}
			}
			a := newAccount(t, s)
			ctx := interruptible(t, time.Second)
			forEach(4, 4, func(i int) {
				if err := a.Set(ctx, k8, fieldName(i), "mirror:2"); !isCancelled(sent)(err) {
					t.Errorf("%d: %v", i, err)
				}
			})
			if n := s.count("update"); n != 1 || len(s.overrides(k8)) != 0 {
				t.Errorf("%d requests, the server has %v", n, s.overrides(k8))
			}
		})
	}
}

func TestAHeldLockYieldsToCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		a := newAccount(t, s)
		release, err := a.writer.turn.acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Set(interruptible(t, time.Second), k8, fieldName(0), "mirror:2"); !isCancelled(false)(err) {
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
