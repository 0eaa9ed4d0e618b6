//go:build unix

package main

import (
	"os"
	"path/filepath"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// costRuns is how often each of the short measurements is repeated for one run of the long ones.
const costRuns = 5

// cost measures what it costs to have the provider at all, and what a bare one would cost. The kinds of
// plans alternate.
func (l *lab) cost() cost {
	l.say("the provider by itself")
	var out cost
	walls, firsts := map[way][]time.Duration{}, map[way][]time.Duration{}
	for range l.runs * costRuns {
		for _, w := range []way{builtIn, idle, single} {
			wall, first := l.plan(w)
			walls[w], firsts[w] = append(walls[w], wall), append(firsts[w], first)
		}
	}
	itself := func(d time.Duration) time.Duration { return d }
	out.Alone = median(walls[builtIn], itself)
	for w, into := range map[way]*loaded{idle: &out.Bare, single: &out.Provider} {
		l.counted(w, into)
		into.Plan, into.First = median(walls[w], itself), median(firsts[w], itself)
		_, binary := w.provider()
		info, err := os.Stat(filepath.Join(binaries(), binary))
		l.Check(err)
		into.Binary = info.Size()
	}
	return out
}

// plan plans one resource on a server that answers at once, and returns when the first request arrived.
func (l *lab) plan(w way) (wall, first time.Duration) {
	l.play(fakeharness.Options{}, func(s *scene) {
		s.configure(l, false, w, s.mirrored("K8", 1))
		s.dir.Setenv("BAREPROVIDER_CALLS", s.fake.Endpoint())
		start := time.Now()
		wall = s.run("plan").Wall
		if w == builtIn {
			return
		}
		requests := s.fake.Requests()
		if len(requests) == 0 {
			s.Fatalf("the plan of a %s sends no request", w)
		}
		first = requests[0].Start.Sub(start)
	})
	return wall, first
}

// counted measures what the kernel counts in a plan of one resource.
func (l *lab) counted(w way, into *loaded) {
	var plans []processes
	for range l.runs {
		l.play(fakeharness.Options{}, func(s *scene) {
			s.configure(l, true, w, s.mirrored("K8", 1))
			s.run("plan")
			plans = append(plans, s.used())
		})
	}
	into.CPU = median(plans, processes.cpu)
	into.Peak = median(plans, processes.peak)
	into.Processes = len(plans[0])
}
