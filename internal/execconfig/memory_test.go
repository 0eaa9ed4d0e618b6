package execconfig

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
)

// newAliases returns the Accounts of two provider aliases of one run, which are processes of their own.
func newAliases(t *testing.T, s *server) [2]*Account {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "locks")
	alias := func(process string) *Account {
		return New(s, "test", Options{LockDir: dir, Run: "run", Process: process})
	}
	return [2]*Account{alias("one"), alias("two")}
}

// A set under one alias that becomes single overrides under another is a reset and sets in two processes.
func TestAResetNeverUndoesASetOfAnotherAlias(t *testing.T) {
	for _, resetAfter := range []time.Duration{0, 10 * time.Millisecond, time.Second} {
		for _, setAfter := range []time.Duration{0, 10 * time.Millisecond, time.Second} {
			for _, keep := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					s := newServer(latency)
					s.outside(k8, fieldName(0), "old:1")
					aliases := newAliases(t, s)
					forEach(2, 2, func(i int) {
						if i == 0 {
							time.Sleep(resetAfter)
							err := aliases[0].ResetAll(t.Context(), k8, map[string]string{fieldName(0): "old:1"})
							if err != nil && !isA[*owners.KeptError](err) {
								t.Error(err)
							}
							return
						}
						time.Sleep(setAfter)
						var err error
						if keep {
							err = aliases[1].Replace(t.Context(), k8, Change{Keep: map[string]string{fieldName(0): "old:1"}})
						} else {
							err = aliases[1].Set(t.Context(), k8, fieldName(0), "old:1")
						}
						if err != nil {
							t.Error(err)
						}
					})
					if got := s.overrides(k8)[fieldName(0)]; got != "old:1" {
						t.Errorf("reset after %s, set after %s, keep %t: the server has %q", resetAfter, setAfter, keep, got)
					}
				})
			}
		}
	}
}

func TestTwoAliasesWithOneOverrideAreAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		aliases := newAliases(t, s)
		if err := aliases[0].Set(t.Context(), k8, fieldName(0), "one:1"); err != nil {
			t.Fatal(err)
		}
		if err := aliases[1].Set(t.Context(), k8, fieldName(0), "two:2"); !isA[*owners.DuplicateError](err) {
			t.Errorf("got %v", err)
		}
		next := New(s, "test", Options{LockDir: filepath.Dir(aliases[0].writer.turn.usable().path), Run: "next", Process: "one"})
		if err := next.Set(t.Context(), k8, fieldName(0), "two:2"); err != nil {
			t.Errorf("the next run: %v", err)
		}
		last := New(s, "test", Options{LockDir: filepath.Dir(next.writer.turn.usable().path), Run: "last", Process: "one"})
		if err := last.Reset(t.Context(), k8, fieldName(0), "two:2"); err != nil || len(s.overrides(k8)) > 0 {
			t.Errorf("%v, the server has %v", err, s.overrides(k8))
		}
	})
}

func TestWhatAPlanHasShownReachesItsApply(t *testing.T) {
	s := newServer(latency)
	aliases := newAliases(t, s)
	plan, apply := aliases[0], aliases[1]
	if _, ok := apply.ShownResets(k8, nil, false); ok {
		t.Error("something is shown without a plan")
	}
	resets := map[string]string{fieldName(0): "a:1"}
	plan.ShowResets(k8, resets, true)
	plan.ShowResets(vm, nil, false)
	if _, ok := plan.ShownResets(k8, nil, false); ok {
		t.Error("the plan takes itself for the apply")
	}
	if got, ok := apply.ShownResets(k8, nil, false); !ok || !got.Known || got.Resets[fieldName(0)] != "a:1" {
		t.Errorf("got %v, %t", got, ok)
	}
	if got, ok := apply.ShownResets(vm, nil, false); !ok || got.Known {
		t.Errorf("got %v, %t", got, ok)
	}
	later := New(s, "test", Options{LockDir: filepath.Dir(plan.writer.turn.usable().path), Run: "later"})
	if _, ok := later.ShownResets(k8, nil, false); ok {
		t.Error("another run's plan counts")
	}
	if _, ok := later.ShownResets(k8, nil, true); !ok {
		t.Error("a saved plan has shown nothing")
	}
	plan.Own("object", k8, []string{"a", "b"})
	if got := later.OwnedByAnother("another", k8, []string{"b", "c"}); !slices.Equal(got, []string{"b"}) || len(later.OwnedByAnother("object", k8, []string{"a"})) > 0 {
		t.Errorf("got %v", got)
	}
}

// Without a cache that can be written to, the lock is in the temporary directory.
func TestTheLockFallsBackToTheTemporaryDirectory(t *testing.T) {
	temporary, home := t.TempDir(), filepath.Join(t.TempDir(), "home")
	if err := os.WriteFile(home, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"HOME", "XDG_CACHE_HOME"} {
		t.Setenv(name, home) // a file: no folder can be made below it
	}
	t.Setenv("TMPDIR", temporary)
	a := New(newServer(0), "test", Options{})
	release, err := a.writer.turn.acquire(t.Context())
	defer release()
	path := a.writer.turn.usable().path
	if err != nil || filepath.Dir(filepath.Dir(path)) != temporary || len(a.Notices()) > 0 {
		t.Errorf("%v; the lock is %s", err, path)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestAnotherSpellingIsToldAsSuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		s.Tune(func(o *fakeharness.Options) { o.Respell = func(string) string { return "library/busybox:1" } })
		a := newAccount(t, s)
		err := a.Set(t.Context(), k8, fieldName(0), "docker.io/library/Busybox:1")
		if !isA[*RespelledError](err) || s.count("update") > 6 {
			t.Errorf("after %d requests: %v", s.count("update"), err)
		}
	})
}

// A field that Harness has retired is refused with 400, or with 500 in the API's own words.
func TestARefusedResetOfARetiredFieldIsARefusal(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusInternalServerError} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(latency)
			s.Tune(func(o *fakeharness.Options) { o.BadFieldStatus = status })
			s.outside(k8, "retiredTag", "a:1")
			err := newAccount(t, s).Reset(t.Context(), k8, "retiredTag", "a:1")
			if !isA[*RefusedError](err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAFreshReadJoinsNoEarlierOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		a := newAccount(t, s)
		if _, err := a.Overrides(t.Context(), k8); err != nil {
			t.Fatal(err)
		}
		s.outside(k8, fieldName(0), "theirs:1")
		forEach(10, 10, func(int) {
			if images, err := a.FreshOverrides(t.Context(), k8); err != nil || len(images) != 1 {
				t.Errorf("%v, %v", images, err)
			}
		})
		if got := s.count("overrides"); got > 3 {
			t.Errorf("%d requests", got)
		}
	})
}

// Of the objects that have one override, the one that stays keeps it; if none does, one resets it. Objects of one alias
// are not decided here.
func TestOneObjectOfSeveralAliasesDecides(t *testing.T) {
	t.Parallel()
	const field = "gitCloneTag"
	for name, test := range map[string]struct {
		mine, other bool // stays
		one         bool // alias
		others      []string
	}{
		"the other stays":          {other: true, others: []string{field}},
		"both are destroyed":       {others: []string{field}}, // a, before b
		"both stay":                {mine: true, other: true, others: []string{field}},
		"the other is destroyed":   {mine: true},
		"the other of one's alias": {other: true, one: true},
	} {
		dir := t.TempDir()
		process := func(run, name string) *Account {
			return New(nil, "test", Options{LockDir: dir, Run: run, Process: name})
		}
		second := map[bool]string{true: "plan 1", false: "plan 2"}[test.one]
		process("run", "plan 1").Hold("b", k8, map[string]bool{field: test.mine})
		process("run", second).Hold("a", k8, map[string]bool{field: test.other})
		if got := process("run", "apply").HeldByAnother("b", k8, []string{field}); !slices.Equal(got, test.others) {
			t.Errorf("%s: %v, want %v", name, got, test.others)
		}
		if got := process("run", "apply").HeldByAnother("never planned", k8, []string{field}); len(got) > 0 {
			t.Errorf("%s: an object without an identity is told %v", name, got)
		}
		process("run", "plan 3").Hold("b", k8, map[string]bool{field: test.mine}) // once more: still another alias, or the same
		if got := process("run", "apply").HeldByAnother("b", k8, []string{field}); !slices.Equal(got, test.others) {
			t.Errorf("%s: planned twice, %v, want %v", name, got, test.others)
		}
		if got := process("another run", "apply").HeldByAnother("b", k8, []string{field}); len(got) > 0 {
			t.Errorf("%s: another run knows %v", name, got)
		}
		if !test.mine && !test.other {
			if got := process("run", "apply").HeldByAnother("a", k8, []string{field}); len(got) > 0 {
				t.Errorf("%s: nobody resets %v", name, got)
			}
		}
	}
}
