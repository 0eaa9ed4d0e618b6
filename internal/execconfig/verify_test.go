package execconfig

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
)

// times returns a fault that gives the first n updates a verdict.
func times(n int, v verdict) func(call) verdict {
	return func(c call) verdict {
		if c.name != "update" || n == 0 {
			return verdict{}
		}
		n--
		return v
	}
}

// An override equal to the default may be missing from the answer although it is stored: its absence proves
// nothing either way.
func TestOverridesEqualToTheDefault(t *testing.T) {
	unavailable := &harness.Error{Status: http.StatusServiceUnavailable, Uncertain: true}
	const preset, other = "default:1", "mirror:2"
	for name, test := range map[string]struct {
		hide   bool
		fault  func() func(call) verdict
		images []string // of the fields that are set
		want   func(error) bool
		writes int
		stored int
	}{
		"listed":                               {false, nil, []string{preset}, isNil, 1, 1},
		"hidden: acknowledged twice":           {true, nil, []string{preset}, isNil, 2, 1},
		"hidden: another of the request shows": {true, nil, []string{preset, other}, isNil, 1, 2},
		"listed, lost once":                    {false, func() func(call) verdict { return times(1, verdict{lie: true}) }, []string{preset}, isNil, 2, 1},
		"hidden, lost once": {
			true, func() func(call) verdict { return times(1, verdict{lie: true}) }, []string{preset}, isNil, 2, 1,
		},
		"lost with another of the request": {
			true, func() func(call) verdict { return times(1, verdict{lie: true}) }, []string{preset, preset, other}, isNil, 2, 3,
		},
		"503 and nothing stored": {
			false, func() func(call) verdict { return times(9, verdict{err: unavailable}) }, []string{preset}, is(unavailable), 1, 0,
		},
		"hidden, 503 and nothing stored": {
			true, func() func(call) verdict { return times(9, verdict{err: unavailable}) }, []string{preset}, is(unavailable), 1, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(latency)
				s.Tune(func(o *fakeharness.Options) { o.HideDefaults = test.hide })
				if test.fault != nil {
					s.fault = test.fault()
				}
				a := newAccount(t, s)
				forEach(len(test.images), 10, func(i int) {
					if err := a.Set(t.Context(), k8, fieldName(i), test.images[i]); !test.want(err) {
						t.Errorf("%s: %v", fieldName(i), err)
					}
				})
				if w, n := s.count("update"), len(s.overrides(k8)); w != test.writes || n != test.stored {
					t.Errorf("%d writes and %d stored, want %d and %d", w, n, test.writes, test.stored)
				}
			})
		})
	}
}

// Once the server has listed one override that equals its default, one that is missing is lost.
func TestAServerThatListsDefaultsIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		a := newAccount(t, s)
		if shows(a) {
			t.Error("it is said to list them before any answer")
		}
		s.outside(k8, fieldName(9), "default:1")
		if _, err := a.Defaults(t.Context(), k8); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Overrides(t.Context(), k8); err != nil || !shows(a) {
			t.Fatalf("%v, lists defaults: %t", err, shows(a))
		}
		s.fault = times(2, verdict{lie: true})
		if err := a.Set(t.Context(), vm, fieldName(0), "default:1"); err != nil {
			t.Fatal(err)
		}
		if got := s.overrides(vm)[fieldName(0)]; got != "default:1" || s.count("update") != 3 {
			t.Errorf("the server has %q after %d writes", got, s.count("update"))
		}
	})
}

// A server that listed such overrides and now leaves them out must not keep a set from settling.
func TestAServerThatChangesItsBehaviourIsBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		s.outside(k8, fieldName(9), "default:1")
		a := newAccount(t, s)
		if _, err := a.Defaults(t.Context(), k8); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Overrides(t.Context(), k8); err != nil || !shows(a) {
			t.Fatalf("%v, shows defaults: %t", err, shows(a))
		}
		s.Tune(func(o *fakeharness.Options) { o.HideDefaults = true })
		pins := map[string]string{fieldName(0): "default:1", fieldName(1): "default:1"}
		if err := a.Replace(t.Context(), k8, Change{Set: pins}); err != nil {
			t.Error(err)
		}
		if got := s.count("update"); got != hidesAfter || shows(a) {
			t.Errorf("%d writes, and shows defaults is %t", got, shows(a))
		}
		time.Sleep(time.Minute)
		existing, err := a.Existing(t.Context(), k8, pins, shows(a))
		if err != nil || len(existing) != 2 {
			t.Errorf("%v exist, %v", existing, err)
		}
	})
}

// If overrides equal to the default are hidden, the absence of one says nothing about its reset.
func TestTheResetOfAnOverrideEqualToTheDefault(t *testing.T) {
	for name, test := range map[string]struct {
		hide   bool
		lies   int
		held   []string // of the fields that are reset
		resets int
	}{
		"listed":                                {false, 0, []string{"default:1"}, 2},
		"hidden":                                {true, 0, []string{"default:1"}, 2},
		"hidden, swallowed":                     {true, 1, []string{"default:1"}, 2},
		"hidden, another shows that it is gone": {true, 0, []string{"default:1", "mirror:2"}, 1},
		"hidden, swallowed with another":        {true, 1, []string{"default:1", "mirror:2"}, 2},
		"another image":                         {true, 0, []string{"mirror:2"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(latency)
				s.Tune(func(o *fakeharness.Options) { o.HideDefaults = test.hide })
				held := map[string]string{}
				for i, image := range test.held {
					held[fieldName(i)] = image
					s.outside(k8, fieldName(i), image)
				}
				s.fault = func(c call) verdict {
					if c.name != "reset" || test.lies == 0 {
						return verdict{}
					}
					test.lies--
					return verdict{lie: true}
				}
				if err := newAccount(t, s).ResetAll(t.Context(), k8, held); err != nil {
					t.Error(err)
				}
				if left := s.overrides(k8); len(left) != 0 || s.count("reset") != test.resets {
					t.Errorf("%v left after %d resets, want %d", left, s.count("reset"), test.resets)
				}
			})
		})
	}
}

// A write without an answer may still be running in the server: what is sent in the meantime would be
// undone.
func TestAWriteWithoutAnAnswerIsAwaited(t *testing.T) {
	timeout := &harness.Error{Uncertain: true, Err: errors.New("no answer within 1s")}
	for name, test := range map[string]struct {
		late time.Duration
		want func(error) bool
	}{
		"that shows in time": {6 * time.Second, isNil},
		"that never shows":   {time.Hour, is(timeout)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(latency)
				s.fault = times(1, verdict{err: timeout, late: test.late})
				a := newAccount(t, s)
				start := time.Now()
				forEach(13, 10, func(i int) {
					err := a.Set(t.Context(), k8, fieldName(i), "mirror:2")
					switch {
					case i < 10 && !test.want(err):
						t.Errorf("%d: %v", i, err)
					case i >= 10 && err != nil:
						t.Errorf("%d: %v", i, err)
					}
				})
				if took := time.Since(start); took > 15*time.Second {
					t.Errorf("it took %s", took)
				}
				want := 13
				if !test.want(nil) {
					want = 3
				}
				if got := len(s.overrides(k8)); got != want {
					t.Errorf("the server has %d of %d", got, want)
				}
				time.Sleep(2 * time.Hour) // the late write ends within the bubble
			})
		})
	}
}

// The other requests of the round wait, too.
func TestAWriteWithoutAnAnswerHoldsTheRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		s.fault = times(1, verdict{err: &harness.Error{Uncertain: true}, late: 6 * time.Second})
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

// A reset gives way to a set of the same run only when that set was stored.
func TestAResetWaitsForTheOutcomeOfASet(t *testing.T) {
	unavailable := &harness.Error{Status: http.StatusServiceUnavailable, Uncertain: true}
	for _, after := range []time.Duration{0, 60 * time.Millisecond} {
		for name, test := range map[string]struct {
			fault func(call) verdict
			want  func(error) bool
			holds string
		}{
			"stored": {nil, isA[*owners.KeptError], "new:2"},
			"failed": {times(9, verdict{err: unavailable}), isNil, ""},
		} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newServer(latency)
					s.outside(k8, fieldName(0), "old:1")
					s.fault = test.fault
					a := newAccount(t, s)
					forEach(2, 2, func(i int) {
						if i == 0 {
							_ = a.Set(t.Context(), k8, fieldName(0), "new:2") // as the case says
							return
						}
						time.Sleep(time.Millisecond + after)
						if err := a.Reset(t.Context(), k8, fieldName(0), ""); !test.want(err) {
							t.Errorf("the reset: %v", err)
						}
					})
					if got := s.overrides(k8)[fieldName(0)]; got != test.holds {
						t.Errorf("the server has %q, want %q", got, test.holds)
					}
				})
			})
		}
	}
}

func shows(a *Account) bool {
	shows, _ := a.ShowsDefaults()
	return shows
}
