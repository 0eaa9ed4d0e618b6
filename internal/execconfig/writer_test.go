package execconfig

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

const latency = 100 * time.Millisecond

func TestWritesOfTenAtATimeLeaveInFewSerialRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		a := newAccount(t, s)
		forEach(29, 10, func(i int) {
			if err := a.Set(t.Context(), k8, fieldName(i), "mirror:2"); err != nil {
				t.Errorf("set %d: %v", i, err)
			}
		})
		if got := len(s.overrides(k8)); got != 29 {
			t.Errorf("stored %d of 29", got)
		}
		if writes, reads := s.count("update"), s.count("overrides"); writes != 3 || reads != 3 {
			t.Errorf("%d writes and %d verifying reads, want 3 and 3", writes, reads)
		}
		if s.MaxWritesInFlight() != 1 {
			t.Errorf("%d writes in flight at once", s.MaxWritesInFlight())
		}
	})
}

func TestWritesAreSerialOverInfrasAndVerbs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		for i := range 24 {
			s.outside(vm, fieldName(i), "old:1")
		}
		a := newAccount(t, s)
		forEach(53, 10, func(i int) {
			var err error
			if i%2 == 0 {
				err = a.Set(t.Context(), k8, fieldName(i/2), "mirror:2")
			} else {
				err = a.Reset(t.Context(), vm, fieldName(i/2), "old:1")
			}
			if err != nil {
				t.Errorf("write %d: %v", i, err)
			}
		})
		if k, v := len(s.overrides(k8)), len(s.overrides(vm)); k != 27 || v != 0 {
			t.Errorf("K8 has %d of 27, VM %d of 0", k, v)
		}
		if writes := s.count("update", "reset"); writes > 14 {
			t.Errorf("%d writes, want at most 14", writes)
		}
		if s.MaxWritesInFlight() != 1 {
			t.Errorf("%d writes in flight at once", s.MaxWritesInFlight())
		}
	})
}

func TestInfrasAreVerifiedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, newServer(latency))
		start := time.Now()
		forEach(2, 2, func(i int) {
			if err := a.Set(t.Context(), []harness.Scope{k8, vm}[i], fieldName(0), "mirror:2"); err != nil {
				t.Error(err)
			}
		})
		// Two writes one after the other, a wait, and both reads.
		if got, want := time.Since(start), 30*time.Millisecond+4*latency; got != want {
			t.Errorf("took %s, want %s", got, want)
		}
	})
}

func TestWritesThatKeepArrivingDoNotWaitForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(0)
		a := newAccount(t, s)
		start := time.Now()
		var first time.Duration
		forEach(30, 30, func(i int) {
			time.Sleep(time.Duration(i) * 20 * time.Millisecond)
			if err := a.Set(t.Context(), k8, fieldName(i), "mirror:2"); err != nil {
				t.Error(err)
			}
			if i == 0 {
				first = time.Since(start)
			}
		})
		if first > 350*time.Millisecond {
			t.Errorf("the first write took %s behind a stream of others", first)
		}
	})
}

func TestWritesThatStartSlowlyStillLeaveTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		a := newAccount(t, s)
		// A busy CLI starts one at a time, further apart than the window.
		handOut := make(chan struct{}, 1)
		forEach(25, 5, func(i int) {
			handOut <- struct{}{}
			time.Sleep(45 * time.Millisecond)
			<-handOut
			if err := a.Set(t.Context(), k8, fieldName(i), "mirror:2"); err != nil {
				t.Error(err)
			}
		})
		if got := s.count("update"); got > 6 {
			t.Errorf("%d writes for 25 overrides that come 5 at a time, want 6", got)
		}
	})
}

func TestALoneWriteWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		a := newAccount(t, s)
		const alone = 30*time.Millisecond + 3*latency
		took := func(n int, wait time.Duration) time.Duration {
			time.Sleep(wait)
			start := time.Now()
			forEach(n, n, func(i int) {
				if err := a.Set(t.Context(), k8, fmt.Sprintf("field%02d", len(s.overrides(k8))+i), "mirror:2"); err != nil {
					t.Error(err)
				}
			})
			return time.Since(start)
		}
		if got := took(1, 0); got != alone {
			t.Errorf("the first one took %s, want %s", got, alone)
		}
		if got := took(1, 0); got != alone {
			t.Errorf("one after another took %s, want %s", got, alone)
		}
		if got := took(10, 0); got != alone {
			t.Errorf("ten at once took %s, want %s", got, alone)
		}
		if got := took(1, 0); got != alone {
			t.Errorf("one right after ten took %s, want %s", got, alone)
		}
		took(10, 0)
		if got := took(1, time.Second); got != alone {
			t.Errorf("one long after ten took %s, want %s", got, alone)
		}
	})
}

func TestOneBadFieldFailsAlone(t *testing.T) {
	for i, bad := range [][]string{{"nope"}, {"nope", "nada"}, {"nope", "nada", "null"}, {"nope"}, {"nope", "nada"}, {"nope", "nada", "null"}} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(latency)
			s.Tune(func(o *fakeharness.Options) {
				o.BadFieldStatus = []int{http.StatusBadRequest, http.StatusInternalServerError}[i/3]
			})
			a := newAccount(t, s)
			forEach(10, 10, func(i int) {
				field := fieldName(i)
				if i < len(bad) {
					field = bad[i]
				}
				err := a.Set(t.Context(), k8, field, "mirror:2")
				if failed := err != nil; failed != (i < len(bad)) {
					t.Errorf("%s: %v", field, err)
				}
				if err != nil && !strings.Contains(err.Error(), field) {
					t.Errorf("the error of %s does not name it: %v", field, err)
				}
			})
			if got := len(s.overrides(k8)); got != 10-len(bad) {
				t.Errorf("stored %d of %d", got, 10-len(bad))
			}
		})
	}
}

func TestARefusalThatNamesNoUnknownFieldIsHalved(t *testing.T) {
	for _, refuse := range []func(string) error{refused, failedInside} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(latency)
			s.fault = func(c call) verdict {
				if _, hit := c.fields[fieldName(3)]; hit {
					return verdict{err: refuse(fieldName(3))}
				}
				return verdict{}
			}
			a := newAccount(t, s)
			forEach(8, 8, func(i int) {
				if err := a.Set(t.Context(), k8, fieldName(i), "mirror:2"); (err != nil) != (i == 3) {
					t.Errorf("%d: %v", i, err)
				}
			})
			if got := len(s.overrides(k8)); got != 7 {
				t.Errorf("stored %d of 7", got)
			}
		})
	}
}

func TestAnswersThatLie(t *testing.T) {
	badGateway := &harness.Error{Call: "update-config", Status: http.StatusServiceUnavailable}
	behind200 := &harness.Error{Call: "update-config", Status: http.StatusOK, Message: "no"}
	forbidden := &harness.Error{Call: "update-config", Status: http.StatusForbidden}
	for name, test := range map[string]struct {
		verdict verdict
		times   int
		want    func(error) bool
		writes  int
	}{
		"true and nothing stored, once":    {verdict{lie: true}, 1, isNil, 2},
		"true and nothing stored, forever": {verdict{lie: true}, 99, isA[*NotStoredError], 20},
		"applied, then 503":                {verdict{err: badGateway, stored: true}, 1, isNil, 1},
		"503 and nothing stored":           {verdict{err: badGateway}, 1, is(badGateway), 1},
		"an error behind 200":              {verdict{err: behind200}, 1, is(behind200), 1},
		"403":                              {verdict{err: forbidden}, 1, is(forbidden), 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(latency)
				left := test.times
				s.fault = func(c call) verdict {
					if c.name != "update" || left == 0 {
						return verdict{}
					}
					left--
					return test.verdict
				}
				err := newAccount(t, s).Set(t.Context(), k8, fieldName(0), "mirror:2")
				if !test.want(err) {
					t.Errorf("got %v", err)
				}
				if stored := s.overrides(k8)[fieldName(0)] == "mirror:2"; stored != (err == nil) {
					t.Errorf("stored is %t, the error %v", stored, err)
				}
				if got := s.count("update"); got != test.writes {
					t.Errorf("%d writes, want %d", got, test.writes)
				}
			})
		})
	}
}

func isNil(err error) bool { return err == nil }

func isA[T error](err error) bool { _, ok := errors.AsType[T](err); return ok }

func is(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }

func TestNotStoredNamesWhatWasSentAndWhatIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		s.outside(k8, fieldName(0), "theirs:9")
		s.fault = func(call) verdict { return verdict{lie: true} }
		err := newAccount(t, s).Set(t.Context(), k8, fieldName(0), "ours:2")
		want := &NotStoredError{Target: Target{Scope: k8, Field: fieldName(0)}, Sent: "ours:2", Held: "theirs:9", Attempts: 20}
		got, _ := errors.AsType[*NotStoredError](err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAcknowledgedWritesThatCannotBeVerifiedSaySo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := &harness.Error{Call: "get-customer-config", Status: http.StatusBadGateway}
		s := newServer(latency)
		s.fault = func(c call) verdict {
			if c.name == "overrides" {
				return verdict{err: down}
			}
			return verdict{}
		}
		a := newAccount(t, s)
		err := a.Set(t.Context(), k8, fieldName(0), "mirror:2")
		if !isA[*UnverifiedError](err) || !errors.Is(err, down) {
			t.Errorf("got %v", err)
		}
		s.fault = func(call) verdict { return verdict{err: down} }
		if err := a.Set(t.Context(), k8, fieldName(1), "mirror:2"); !isA[*UncertainError](err) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAnotherWriterOfTheAccountNeverUndoesOurs(t *testing.T) {
	for name, test := range map[string]struct {
		slow bool
		rest time.Duration // the most that the other writer rests between writes
	}{
		"writing without a rest":                     {false, latency / 10},
		"on a server whose window is all of a write": {true, 4 * latency},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range seeds(100) {
				synctest.Test(t, func(t *testing.T) { hammer(t, seed, test.slow, test.rest) })
			}
		})
	}
}

// hammer sets 29 overrides of K8 while another client writes VM's, and expects all 29 stored.
func hammer(t *testing.T, seed uint64, slow bool, rest time.Duration) {
	t.Helper()
	s := newServer(latency)
	s.slow = slow
	random := rand.New(rand.NewPCG(seed, 1))
	ctx, stop := context.WithCancel(t.Context())
	hammered := make(chan int)
	go func() {
		n := 0
		for ; ctx.Err() == nil; n++ {
			images := map[string]string{fieldName(n % 30): fmt.Sprint("theirs:", n)}
			if err := s.UpdateImages(context.WithoutCancel(ctx), vm, images); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Duration(random.Int64N(int64(rest))))
		}
		hammered <- n
	}()
	a := newAccount(t, s)
	forEach(29, 10, func(i int) {
		if err := a.Set(t.Context(), k8, fieldName(i), "ours:2"); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	})
	stop()
	if n := <-hammered; n < 3 {
		t.Fatalf("the other writer wrote %d times only", n)
	}
	if got := len(s.overrides(k8)); got != 29 {
		t.Errorf("seed %d: stored %d of 29", seed, got)
	}
}

func TestProcessesOfOneMachineTakeTurns(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(latency)
			dir := filepath.Join(t.TempDir(), "locks")
			one, two := New(s, "k", Options{LockDir: dir}), New(s, "k", Options{LockDir: dir})
			forEach(40, 40, func(i int) {
				a, scope := one, k8
				if i >= 20 {
					a, scope = two, vm
				}
				if err := a.Set(t.Context(), scope, fieldName(i%20), "mirror:2"); err != nil {
					t.Error(err)
				}
			})
			if k, v := len(s.overrides(k8)), len(s.overrides(vm)); k != 20 || v != 20 || s.MaxWritesInFlight() != 1 {
				t.Errorf("stored %d and %d of 20, %d writes in flight", k, v, s.MaxWritesInFlight())
			}
			if writes := s.count("update"); writes != 2 {
				t.Errorf("%d writes, so a lost one had to be sent again", writes)
			}
		})
	}
}
