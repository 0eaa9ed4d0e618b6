//go:build unix

package main

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// registryLatency is that of every answer of the registry.
const registryLatency = 50 * time.Millisecond

// verify measures what it costs to look up every image of a plan that changes them all, and of its apply.
func (l *lab) verify() []verified {
	return slices.Concat(l.verifyBy(single), l.verifyBy(single, "-parallelism=60"), l.verifyBy(set))
}

func (l *lab) verifyBy(w way, more ...string) []verified {
	l.say("looking images up before they are stored, by %s %v", w, more)
	out := []verified{{Command: "plan"}, {Command: "apply"}}
	walls := map[string][]time.Duration{}
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
				s.configure(l, false, w, before)
				s.apply()
				s.dir.Write("main.tf", w.config(after))
				s.dir.Setenv("HARNESSCI_VERIFY_IMAGES", mode)
				s.dir.Setenv("DOCKER_CONFIG", s.TempDir())
				for i, args := range [][]string{{"plan", "-out=plan"}, {"apply"}} {
					args = append(args, more...)
					if args[0] == "apply" {
						args = append(args, "plan")
					}
					registry.ResetLog()
					r := s.run(args...)
					walls[args[0]+mode] = append(walls[args[0]+mode], r.Wall)
					out[i].Way, out[i].Args = w, strings.Join(more, " ")
					out[i].Images, out[i].Requests = count(after), registry.Count("")
				}
			})
		}
	}
	itself := func(d time.Duration) time.Duration { return d }
	for i, row := range out {
		out[i].Off, out[i].On = median(walls[row.Command+"off"], itself), median(walls[row.Command+"required"], itself)
	}
	return out
}
