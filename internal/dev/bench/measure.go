package main

import (
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// cost measures plans of one resource on a server that answers at once: of a bare provider and this one, alternating. They are short, and so repeated more often than the others.
func (l *lab) cost(r *results) {
	l.say("the provider by itself")
	r.Cost.Bare, r.Cost.Ours = cost{}, cost{}
	out := map[way]*cost{idle: &r.Cost.Bare, single: &r.Cost.Ours}
	for range 5 * l.runs {
		for w, c := range out {
			l.play(fakeharness.Options{}, func(s *scene) {
				s.configure(l, w, s.mirrored("K8", 1))
				s.dir.Setenv("BAREPROVIDER_CALLS", s.fake.Endpoint())
				start := time.Now()
				r := s.run("plan")
				c.Plans, c.CPUs = append(c.Plans, r.Wall), append(c.CPUs, r.State.UserTime()+r.State.SystemTime())
				if requests := s.fake.Requests(); len(requests) > 0 {
					c.Firsts = append(c.Firsts, requests[0].Start.Sub(start))
				} else {
					s.Fatalf("the plan of a %s sends no request", w)
				}
			})
		}
	}
	for _, w := range []way{idle, single} {
		info, err := os.Stat(binary(w))
		l.Check(err)
		out[w].Binary = info.Size()
	}
}

// scale measures an apply of many overrides, and then a plan that finds nothing to do: in one account, and
// in many.
func (l *lab) scale() (out []bulk) {
	growth, accounts, each := []int{125, 500}, 50, 40
	if l.quick {
		growth, accounts, each = []int{20, 40}, 3, 5
	}
	for _, n := range growth {
		out = append(out, l.bulk(bulk{Way: single, Overrides: n, Accounts: 1})...)
	}
	for _, n := range growth {
		out = append(out, l.bulk(bulk{Way: set, Overrides: n, Accounts: 1})...)
	}
	return slices.Concat(out,
		l.bulk(bulk{Way: idle, Overrides: growth[1], Accounts: 1}),
		l.bulk(bulk{Way: single, Overrides: each * accounts, Accounts: accounts}),
		l.bulk(bulk{Way: single, Overrides: each * accounts, Accounts: accounts, Args: "-parallelism=500"}),
		l.bulk(bulk{Way: set, Overrides: each * accounts, Accounts: accounts}))
}

// bulk applies and plans as b says, and returns what that took.
func (l *lab) bulk(b bulk) (rows []bulk) {
	l.say("%d overrides in %d accounts by %s %s", b.Overrides, b.Accounts, b.Way, b.Args)
	l.play(fakeharness.Options{Latency: l.latency}, func(s *scene) {
		groups := s.extra(b.Overrides/b.Accounts, b.Accounts)
		s.configure(l, b.Way, groups...)
		for _, args := range [][]string{{"apply", "-auto-approve"}, {"plan", "-detailed-exitcode"}} {
			r := s.run(append(args, strings.Fields(b.Args)...)...)
			b.Command, b.Wall, b.CPU = args[0], r.Wall, r.State.UserTime()+r.State.SystemTime()
			b.Requests, b.Writes, b.Stored = s.fake.Count(""), s.fake.Count("writes"), s.stored(groups...)
			rows = append(rows, b)
		}
	})
	return rows
}

// registryLatency is that of every answer of the registry.
const registryLatency = 50 * time.Millisecond

// verify measures what it costs to look up every image of a plan that changes them all, and of its apply.
func (l *lab) verify() []verified {
	return slices.Concat(l.verifyBy(single), l.verifyBy(single, "-parallelism=60"), l.verifyBy(set))
}

func (l *lab) verifyBy(w way, more ...string) []verified {
	l.say("looking images up before they are stored, by %s %v", w, more)
	out := []verified{
		{Way: w, Args: strings.Join(more, " "), Command: "plan"},
		{Way: w, Args: strings.Join(more, " "), Command: "apply"},
	}
	for range l.runs {
		for _, mode := range []string{"off", "required"} {
			l.play(fakeharness.Options{Latency: l.latency}, func(s *scene) {
				registry := fakeregistry.Start(s, fakeregistry.Options{})
				before, after := s.mirrored("K8", unbounded), s.mirrored("K8", unbounded)
				for i, field := range slices.Sorted(maps.Keys(after.images)) {
					image := strings.TrimPrefix(after.images[field], mirror)
					registry.Push(image, fakeregistry.Multi(uint64(i), "linux/amd64", "linux/arm64"))
					after.images[field] = registry.Host() + "/" + image
				}
				registry.Inject(fakeregistry.Fault{Times: -1, Hook: func(fakeregistry.Request) {
					<-time.NewTimer(registryLatency).C
				}})
				s.configure(l, w, before)
				s.run("apply", "-auto-approve")
				s.dir.Write("main.tf", w.config(after))
				s.dir.Setenv("HARNESSCI_VERIFY_IMAGES", mode)
				s.dir.Setenv("DOCKER_CONFIG", s.TempDir())
				for i, args := range [][]string{{"plan", "-out=plan"}, {"apply"}} {
					args = append(args, more...)
					if args[0] == "apply" {
						args = append(args, "plan")
					}
					registry.ResetLog()
					wall := s.run(args...).Wall
					if mode == "off" {
						out[i].Offs = append(out[i].Offs, wall)
					} else {
						out[i].Ons = append(out[i].Ons, wall)
					}
					out[i].Images, out[i].Requests = count(after), registry.Count("")
				}
			})
		}
	}
	return out
}
