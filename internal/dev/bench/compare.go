package main

import (
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/dev/byhand"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// sizes are numbers of overrides: first fields of K8, then also those of VM.
var sizes = []struct{ k8, vm int }{{1, 0}, {10, 0}, {29, 0}, {29, 23}}

// unbounded is more than there are overrides.
const unbounded = 60

// contender is a way of setting overrides.
type contender struct {
	name string
	// parallelism is how many of this provider's overrides are written at once; 0 for other ways.
	parallelism int
	one         bool // one resource has all
	set         func(*scene, []wanted) time.Duration
}

func (l *lab) contenders() []contender {
	out := []contender{
		{"this provider, single overrides", 10, false, l.cli(single)},
		{"this provider, single, `-parallelism=60`", unbounded, false, l.cli(single, "-parallelism=60")},
		{"this provider, an exclusive set", unbounded, true, l.cli(set)},
	}
	if l.official != "" {
		out = append(out, contender{name: "`" + string(official) + "`", set: l.cli(official)})
	}
	return append(out,
		contender{name: "one request per override, 10 at a time", set: each(10)},
		contender{name: "one request per override, 1 at a time", set: each(1)},
		contender{name: "one request by hand for each infra", set: together},
		contender{name: "a bare provider, with as many resources", set: l.cli(idle)}, // the last: the minimum time
	)
}

// compare measures every way of setting overrides at every size. The runs of the ways alternate, so that
// other load on the machine affects all of them equally.
func (l *lab) compare() []compared {
	contenders := l.contenders()
	out := make([]compared, len(contenders))
	for i, c := range contenders {
		out[i] = compared{Name: c.name, Ours: c.parallelism > 0}
	}
	for _, size := range sizes {
		for i := range out {
			out[i].Points = append(out[i].Points, point{Overrides: size.k8 + size.vm})
		}
		for run := range l.runs {
			l.say("%d overrides, run %d of %d", size.k8+size.vm, run+1, l.runs)
			for i, c := range contenders {
				l.play(fakeharness.Options{Latency: l.latency}, func(s *scene) {
					last := &out[i].Points[len(out[i].Points)-1]
					last.Samples = append(last.Samples, s.contend(c, size.k8, size.vm))
				})
			}
		}
	}
	bare := out[len(out)-1].Points
	for i, c := range contenders {
		for n, size := range sizes {
			floor := bare[n]
			if c.one { // two at most
				floor = bare[0]
			}
			if c.parallelism > 0 {
				out[i].Points[n].Least = least(size.k8, size.vm, c.parallelism, l.latency) + floor.Wall()
			}
		}
	}
	return out
}

// least is the time of the requests of a verified apply: each round of this many overrides is written, one
// infra after the other, because the CLI mixes them, settles as long as a write takes, and is read back;
// the plan reads twice, once in the apply's own process.
func least(k8, vm, parallelism int, latency time.Duration) time.Duration {
	rounds := (k8 + vm + parallelism - 1) / parallelism
	infras := 1 + min(vm, 1)
	return time.Duration(rounds*(infras+2)+2) * latency
}

func (s *scene) contend(c contender, k8, vm int) sample {
	groups := []wanted{s.mirrored("K8", k8)}
	if vm > 0 {
		groups = append(groups, s.mirrored("VM", vm))
	}
	wall := c.set(s, groups)
	return sample{Wall: wall, Requests: s.fake.Count(""), Stored: s.stored(groups...)}
}

// cli applies a configuration.
func (l *lab) cli(w way, args ...string) func(*scene, []wanted) time.Duration {
	return func(s *scene, groups []wanted) time.Duration {
		s.configure(l, w, groups...)
		return s.run(append([]string{"apply", "-auto-approve"}, args...)...).Wall
	}
}

// each is what a script or a plain provider does.
func each(parallelism int) func(*scene, []wanted) time.Duration {
	return func(s *scene, groups []wanted) time.Duration {
		start := time.Now()
		s.Check(byhand.EachAlone(s.Context(), s.fake, images(groups), parallelism))
		return time.Since(start)
	}
}

// together is the minimum.
func together(s *scene, groups []wanted) time.Duration {
	start := time.Now()
	s.Check(byhand.Together(s.Context(), s.fake, images(groups)))
	return time.Since(start)
}

func images(groups []wanted) byhand.Images {
	out := byhand.Images{}
	for _, g := range groups {
		out["ci/"+g.infra] = g.images
	}
	return out
}
