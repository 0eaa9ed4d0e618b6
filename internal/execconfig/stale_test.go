package execconfig

import (
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"
)

// staleness is how often a read comes from a lagging replica.
var staleness = map[string]func(int) bool{
	"all":         func(int) bool { return true },
	"each second": func(read int) bool { return read%2 == 0 },
	"each third":  func(read int) bool { return read%3 == 0 },
	"two of three": func(read int) bool {
		return read%3 != 0
	},
}

func TestLaggingReadsCostNoWritesAndNoState(t *testing.T) {
	for name, stale := range staleness {
		for _, fast := range []time.Duration{10 * time.Millisecond, latency} {
			t.Run(fmt.Sprint(name, " ", fast), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newServer(fast)
					s.stale, s.lag = stale, 3*time.Second
					want := map[string]string{}
					for i := range 12 {
						want[fieldName(i)] = "mirror:2"
					}
					a := newAccount(t, s)
					forEach(12, 10, func(i int) {
						if err := a.Set(t.Context(), k8, fieldName(i), "mirror:2"); err != nil {
							t.Errorf("%d: %v", i, err)
						}
					})
					if !maps.Equal(s.overrides(k8), want) || s.count("update") > 4 {
						t.Errorf("the server has %d of 12 after %d writes", len(s.overrides(k8)), s.count("update"))
					}
					// What is reported as stored does not count as gone in the following refresh, by
					// another process.
					for range 5 {
						existing, err := newAccount(t, s).Existing(t.Context(), k8, want, false)
						if err != nil || !maps.Equal(existing, want) {
							t.Fatalf("%d of 12 exist, %v", len(existing), err)
						}
						time.Sleep(fast)
					}
					if err := newAccount(t, s).ResetAll(t.Context(), k8, want); err != nil {
						t.Error(err)
					}
					if left := s.overrides(k8); len(left) != 0 || s.count("reset") > 2 {
						t.Errorf("%v left after %d resets", left, s.count("reset"))
					}
				})
			})
		}
	}
}

// Right after a write, a shared read does not serve what a lagging replica has shown.
func TestALaggingReadIsNotShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		s.stale, s.lag = func(read int) bool { return read == 1 }, time.Hour
		s.outside(k8, fieldName(1), "mirror:1")
		a := newAccount(t, s)
		done := make(chan error)
		go func() { done <- a.Set(t.Context(), k8, fieldName(0), "mirror:2") }()
		time.Sleep(500 * time.Millisecond) // the first verifying read is over, the second not begun
		images, err := a.Overrides(t.Context(), k8)
		if err != nil || images[fieldName(0)] != "mirror:2" || s.count("overrides") < 2 {
			t.Errorf("%v, %v", images, err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A removal by hand is still reported, and takes only a few reads, however many callers ask.
func TestWhatIsGoneIsReportedAfterAFewReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		a := newAccount(t, s)
		forEach(20, 10, func(i int) {
			existing, err := a.Existing(t.Context(), k8, map[string]string{fieldName(i): "mirror:2"}, false)
			if err != nil || len(existing) != 0 {
				t.Errorf("%v, %v", existing, err)
			}
		})
		if got := s.count("overrides"); got != 4 {
			t.Errorf("%d reads", got)
		}
	})
}

// What another writer undoes is still sent again, sooner each time.
func TestALostUpdateIsRepaired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		s.fault = times(6, verdict{lie: true})
		start := time.Now()
		if err := newAccount(t, s).Set(t.Context(), k8, fieldName(0), "mirror:2"); err != nil {
			t.Error(err)
		}
		if got := s.count("update"); got != 7 {
			t.Errorf("%d writes, want 7", got)
		}
		if took := time.Since(start); took > 15*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
