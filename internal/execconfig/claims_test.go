package execconfig

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
)

func TestTheSecondResourceOfAnOverrideIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		a := newAccount(t, s)
		var failed []error
		forEach(2, 2, func(i int) {
			time.Sleep(time.Duration(i) * time.Second)
			if err := a.Set(t.Context(), k8, fieldName(0), []string{"one:1", "two:2"}[i]); err != nil {
				failed = append(failed, err)
			}
		})
		if len(failed) != 1 || !isA[*owners.DuplicateError](failed[0]) {
			t.Errorf("got %v", failed)
		}
		if got := s.overrides(k8)[fieldName(0)]; got != "one:1" {
			t.Errorf("the server has %q", got)
		}
		if err := a.Set(t.Context(), vm, fieldName(0), "other:1"); err != nil {
			t.Errorf("the same field of another infra: %v", err)
		}
	})
}

func TestAFailedSetGivesUpItsClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		s.fault = func(call) verdict { return verdict{err: refused("x")} }
		a := newAccount(t, s)
		if err := a.Set(t.Context(), k8, fieldName(0), "one:1"); err == nil {
			t.Fatal("the refused write passed")
		}
		s.fault = nil
		if err := a.Set(t.Context(), k8, fieldName(0), "two:2"); err != nil {
			t.Error(err)
		}
	})
}

// A resource renamed without a moved block is a delete and a create of one override, in any order.
func TestAResetNeverUndoesASetOfTheSameRun(t *testing.T) {
	for _, resetAfter := range []time.Duration{0, 10 * time.Millisecond, 60 * time.Millisecond, time.Second} {
		for _, setAfter := range []time.Duration{0, 10 * time.Millisecond, 60 * time.Millisecond, time.Second} {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(latency)
				s.outside(k8, fieldName(0), "old:1")
				a := newAccount(t, s)
				forEach(2, 2, func(i int) {
					if i == 0 {
						time.Sleep(resetAfter)
						if err := a.Reset(t.Context(), k8, fieldName(0), ""); err != nil && !isA[*owners.KeptError](err) {
							t.Error(err)
						}
						return
					}
					time.Sleep(setAfter)
					if err := a.Set(t.Context(), k8, fieldName(0), "new:2"); err != nil {
						t.Error(err)
					}
				})
				if got := s.overrides(k8)[fieldName(0)]; got != "new:2" {
					t.Errorf("reset after %s, set after %s: the server has %q", resetAfter, setAfter, got)
				}
			})
		}
	}
}

// Single overrides that become an exclusive set are resets and a Replace in one run, in any order.
func TestAResetNeverUndoesWhatAReplaceKeeps(t *testing.T) {
	for _, resetAfter := range []time.Duration{0, 10 * time.Millisecond, 60 * time.Millisecond, time.Second} {
		for _, replaceAfter := range []time.Duration{0, 10 * time.Millisecond, 60 * time.Millisecond, time.Second} {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(latency)
				s.outside(k8, fieldName(0), "kept:1")
				a := newAccount(t, s)
				forEach(2, 2, func(i int) {
					if i == 0 {
						time.Sleep(resetAfter)
						if err := a.Reset(t.Context(), k8, fieldName(0), ""); err != nil && !isA[*owners.KeptError](err) {
							t.Error(err)
						}
						return
					}
					// What the caller saw may be older than the reset.
					time.Sleep(replaceAfter)
					if err := a.Replace(t.Context(), k8, Change{Keep: map[string]string{fieldName(0): "kept:1"}}); err != nil {
						t.Error(err)
					}
				})
				if got := s.overrides(k8)[fieldName(0)]; got != "kept:1" {
					t.Errorf("reset after %s, replace after %s: the server has %q", resetAfter, replaceAfter, got)
				}
			})
		}
	}
}

func TestReplaceIsOneUpdateAndOneReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		s.outside(k8, fieldName(7), "old:1")
		s.outside(k8, fieldName(8), "old:1")
		a := newAccount(t, s)
		err := a.Replace(t.Context(), k8, Change{
			Set:   map[string]string{fieldName(0): "a:1", fieldName(1): "b:1"},
			Reset: map[string]string{fieldName(7): "old:1", fieldName(8): "old:1"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.overrides(k8); len(got) != 2 || got[fieldName(0)] != "a:1" || got[fieldName(1)] != "b:1" {
			t.Errorf("the server has %v", got)
		}
		if u, r, g := s.count("update"), s.count("reset"), s.count("overrides"); u != 1 || r != 1 || g != 1 {
			t.Errorf("%d updates, %d resets, %d reads", u, r, g)
		}
	})
}

func TestReplaceNamesTheFieldsThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		a := newAccount(t, s)
		err := a.Replace(t.Context(), k8, Change{Set: map[string]string{fieldName(0): "a:1", "nope": "b:1"}})
		failed, ok := errors.AsType[FieldErrors](err)
		if !ok || len(failed) != 1 || failed["nope"] == nil {
			t.Errorf("got %v", err)
		}
		if got := s.overrides(k8); len(got) != 1 {
			t.Errorf("the server has %v", got)
		}
	})
}

func TestSingleOverridesAndAnExclusiveSetConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, newServer(latency))
		if err := a.Set(t.Context(), k8, fieldName(0), "a:1"); err != nil {
			t.Fatal(err)
		}
		err := a.Replace(t.Context(), k8, Change{Set: map[string]string{fieldName(1): "b:1"}})
		conflict, ok := errors.AsType[*owners.ConflictError](err)
		if !ok || !slices.Equal(conflict.Fields, []string{fieldName(0)}) {
			t.Errorf("set after single: %v", err)
		}
		if err := a.Replace(t.Context(), vm, Change{Set: map[string]string{fieldName(1): "b:1"}}); err != nil {
			t.Fatal(err)
		}
		if err := a.Set(t.Context(), vm, fieldName(0), "a:1"); !isA[*owners.ConflictError](err) {
			t.Errorf("single after set: %v", err)
		}
		if err := a.Replace(t.Context(), vm, Change{}); !isA[*owners.ConflictError](err) {
			t.Errorf("set after set: %v", err)
		}
	})
}

func TestResetAllLeavesOutWhatAnotherResourceSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		a := newAccount(t, s)
		if err := a.Set(t.Context(), k8, fieldName(0), "a:1"); err != nil {
			t.Fatal(err)
		}
		s.outside(k8, fieldName(1), "b:1")
		err := a.ResetAll(t.Context(), k8, map[string]string{fieldName(0): "a:1", fieldName(1): "b:1"})
		failed, _ := errors.AsType[FieldErrors](err)
		if len(failed) != 1 || !isA[*owners.KeptError](failed[fieldName(0)]) {
			t.Errorf("got %v", err)
		}
		if got := s.overrides(k8); len(got) != 1 || got[fieldName(0)] != "a:1" {
			t.Errorf("the server has %v", got)
		}
	})
}
