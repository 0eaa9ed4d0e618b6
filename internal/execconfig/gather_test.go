package execconfig

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// handOut sets n overrides, a number at a time. Those that have ended are replaced one by one, with gaps of
// about the given length, as a CLI does.
func handOut(t *testing.T, a *Account, n, parallel int, gap time.Duration) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 3))
	next := make(chan struct{}, 1)
	forEach(n, parallel, func(i int) {
		if gap > 0 {
			next <- struct{}{}
			time.Sleep(gap/2 + time.Duration(random.Int64N(int64(gap))))
			<-next
		}
		if err := a.Set(t.Context(), k8, fieldName(i), "mirror:2"); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	})
}

// However slowly a CLI starts them, writes leave in as few requests as its parallelism allows.
func TestWritesOfManyRounds(t *testing.T) {
	for _, parallel := range []int{1, 2, 10, 50} {
		for _, gap := range []time.Duration{0, time.Millisecond, 4 * time.Millisecond, 20 * time.Millisecond} {
			if time.Duration(parallel)*gap > 200*time.Millisecond {
				continue // the first round does not wait for so long
			}
			t.Run(fmt.Sprint(parallel, " at a time, ", gap, " apart"), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, n := newServer(latency), min(500, 50*parallel)
					for i := range n {
						s.SetDefault("ci/K8", fieldName(i), "default:1")
					}
					handOut(t, newAccount(t, s), n, parallel, gap)
					if writes, reads := s.count("update"), s.count("overrides"); writes != n/parallel || reads != writes {
						t.Errorf("%d writes and %d reads, want %d", writes, reads, n/parallel)
					}
					if len(s.overrides(k8)) != n {
						t.Errorf("%d stored", len(s.overrides(k8)))
					}
				})
			})
		}
	}
}

// The last round, which is not full, does not wait for those that never come.
func TestTheLastRoundWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		start := time.Now()
		handOut(t, newAccount(t, s), 29, 10, 2*time.Millisecond)
		// Three rounds of a write, a wait and a read, and for each ten gaps and the final wait.
		if took, most := time.Since(start), 3*(3*latency+10*3*time.Millisecond+30*time.Millisecond); took > most || s.count("update") != 3 {
			t.Errorf("it took %s, want %s at most; %d writes", took, most, s.count("update"))
		}
	})
}
