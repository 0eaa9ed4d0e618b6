package execconfig

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// Two machines share no lock. What one undoes during a write of the other is repaired, however long a write
// takes.
func TestTwoMachinesWithSlowWritesStoreAll(t *testing.T) {
	for _, write := range []time.Duration{3 * time.Second, 12 * time.Second} {
		for offset := range 5 {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(write)
				s.slow, s.readLatency = true, 50*time.Millisecond
				accounts := []*Account{newAccount(t, s), newAccount(t, s)}
				forEach(2, 2, func(machine int) {
					time.Sleep(time.Duration(machine*offset) * write / 5)
					forEach(14, 10, func(i int) {
						if err := accounts[machine].Set(t.Context(), []harness.Scope{k8, vm}[machine], fieldName(i), "mirror:2"); err != nil {
							t.Errorf("%d: %v", i, err)
						}
					})
				})
				if k, v := len(s.overrides(k8)), len(s.overrides(vm)); k != 14 || v != 14 {
					t.Errorf("writes of %s, %d fifths apart: %d and %d of 14 stored", write, offset, k, v)
				}
			})
		}
	}
}

// A gateway has answered for the server, and the client has tried again and succeeded: the first attempt
// may still be saved, with the document that it has read.
func TestAnAttemptThatMayStillActHoldsTheNextWrite(t *testing.T) {
	gateway := &harness.Error{Status: http.StatusGatewayTimeout, Uncertain: true}
	for name, next := range map[string]harness.Scope{"of the same infra": k8, "of another infra": vm} {
		for _, late := range []time.Duration{time.Second, 6 * time.Second, 9 * time.Second} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newServer(latency)
					s.fault = times(1, verdict{err: gateway, late: late, retried: true})
					a := newAccount(t, s)
					forEach(2, 2, func(i int) {
						time.Sleep(time.Duration(i) * time.Second)
						if err := a.Set(t.Context(), []harness.Scope{k8, next}[i], fieldName(i), "mirror:2"); err != nil {
							t.Error(err)
						}
					})
					time.Sleep(time.Minute)
					if n := len(s.overrides(k8)) + len(s.overrides(vm)); n != 2 {
						t.Errorf("%d of 2 stored", n)
					}
				})
			})
		}
	}
}

// In a round of several requests, too.
func TestAnAttemptThatMayStillActHoldsTheRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		s.fault = times(1, verdict{err: &harness.Error{Uncertain: true}, late: 6 * time.Second, retried: true})
		a := newAccount(t, s)
		forEach(20, 20, func(i int) {
			if err := a.Set(t.Context(), []harness.Scope{k8, vm}[i%2], fieldName(i/2), "mirror:2"); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
		time.Sleep(time.Minute)
		if k, v := len(s.overrides(k8)), len(s.overrides(vm)); k != 10 || v != 10 {
			t.Errorf("the server has %d and %d of 10 each", k, v)
		}
	})
}

// Even where nothing can be read back.
func TestAnAttemptThatMayStillActHoldsTheNextWriteThoughNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		gateway := &harness.Error{Status: http.StatusGatewayTimeout, Uncertain: true}
		s.fault = func(c call) verdict {
			switch {
			case c.name == "update" && c.scope == k8:
				return verdict{err: gateway, late: 6 * time.Second}
			case c.name == "overrides" && c.scope == k8:
				return verdict{err: gateway}
			}
			return verdict{}
		}
		a := newAccount(t, s)
		if err := a.Set(t.Context(), k8, fieldName(0), "mirror:2"); !isA[*UncertainError](err) {
			t.Errorf("got %v", err)
		}
		// Those who give up in the meantime have sent nothing.
		if err := a.Set(interruptible(t, time.Second), vm, fieldName(1), "mirror:2"); !isCancelled(false)(err) {
			t.Errorf("got %v", err)
		}
		if err := a.Set(t.Context(), vm, fieldName(0), "mirror:2"); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if k, v := len(s.overrides(k8)), len(s.overrides(vm)); k != 1 || v != 1 {
			t.Errorf("the server has %d and %d", k, v)
		}
	})
}

// If the API fails on everything, the splitting ends soon; parts split off by then are still tried once.
func TestAnOutageEndsTheSplitting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		down := failedInside("")
		s.fault = func(c call) verdict { return map[bool]verdict{true: {err: down}}[c.name == "update"] }
		a := newAccount(t, s)
		forEach(30, 30, func(i int) {
			err := a.Set(t.Context(), k8, fieldName(i), "mirror:2")
			if !errors.Is(err, down) || isA[*RefusedError](err) {
				t.Errorf("%d: %v", i, err)
			}
		})
		// 30, 15, 7, 3, 1 and 2, then 1; what is left is the second half of each.
		if got := s.count("update"); got > 12 {
			t.Errorf("%d requests", got)
		}
	})
}

// A field that the server lists but that cannot be set.
func TestAFieldThatIsListedAndRefused(t *testing.T) {
	for name, refuse := range map[string]func(string) error{"400": refused, "500": failedInside} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(latency)
				s.fault = func(c call) verdict {
					if _, hit := c.fields[fieldName(3)]; hit {
						return verdict{err: refuse(fieldName(3))}
					}
					return verdict{}
				}
				a := newAccount(t, s)
				forEach(10, 10, func(i int) {
					err := a.Set(t.Context(), k8, fieldName(i), "mirror:2")
					if refusal, ok := errors.AsType[*RefusedError](err); ok != (i == 3) || ok && !refusal.Listed {
						t.Errorf("%d: %v", i, err)
					}
				})
				if got := len(s.overrides(k8)); got != 9 {
					t.Errorf("stored %d of 9", got)
				}
			})
		})
	}
}

// A request that fails with 500 after it was stored is not taken for a refusal.
func TestWhatA500HasStoredIsNotSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		s.fault = times(1, verdict{err: failedInside(""), stored: true})
		a := newAccount(t, s)
		forEach(10, 10, func(i int) {
			if err := a.Set(t.Context(), k8, fieldName(i), "mirror:2"); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
		if got := s.count("update"); got != 1 {
			t.Errorf("%d requests", got)
		}
	})
}

// A field that is accepted but never listed is reported as such, not as another writer's work.
func TestAFieldThatIsNeverListed(t *testing.T) {
	for name, others := range map[string]int{"alone": 0, "beside others": 5} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(latency)
				s.SetSettable("ci/K8", "newTag", true)
				a := newAccount(t, s)
				forEach(1+others, 10, func(i int) {
					field := fieldName(i)
					if i == 0 {
						field = "newTag"
					}
					err := a.Set(t.Context(), k8, field, "mirror:2")
					if told, ok := errors.AsType[*NotListedError](err); ok != (i == 0) || ok && told.Attempts != 3 || !ok && err != nil {
						t.Errorf("%s: %v", field, err)
					}
				})
				if got := s.count("update"); got != 3 {
					t.Errorf("%d writes", got)
				}
			})
		})
	}
}
