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
	l.say("looking images up before they are stored")
	walls := map[string]map[string][]time.Duration{}
	var out []verified
	for range l.runs {
		for _, mode := range []string{"off", "required"} {
			l.play(fakeharness.Options{}, func(s *scene) {
				registry := fakeregistry.Start(s, fakeregistry.Options{})
				registry.Inject(fakeregistry.Fault{Times: -1, Hook: func(fakeregistry.Request) {
					<-time.NewTimer(registryLatency).C
				}})
				before, after := s.mirrored("K8", unbounded), s.mirrored("K8", unbounded)
				for i, field := range slices.Sorted(maps.Keys(after.images)) {
					image := strings.TrimPrefix(after.images[field], mirror)
					registry.Push(image, fakeregistry.Multi(uint64(i), "linux/amd64", "linux/arm64"))
					after.images[field] = registry.Host() + "/" + image
				}
				s.configure(l, false, single, before)
				s.apply()
				s.dir.Write("main.tf", single.config(after))
				s.dir.Setenv("HARNESSCI_VERIFY_IMAGES", mode)
				s.dir.Setenv("DOCKER_CONFIG", s.TempDir())
				for _, args := range [][]string{{"plan", "-out=plan"}, {"apply", "plan"}} {
					registry.ResetLog()
					r := s.run(args...)
					if walls[args[0]] == nil {
						walls[args[0]] = map[string][]time.Duration{}
						out = append(out, verified{Command: args[0], Images: count(after)})
					}
					walls[args[0]][mode] = append(walls[args[0]][mode], r.Wall)
					for i := range out {
						if out[i].Command == args[0] {
							out[i].Requests = registry.Count("")
						}
					}
				}
			})
		}
	}
	itself := func(d time.Duration) time.Duration { return d }
	for i, row := range out {
		out[i].Off, out[i].On = median(walls[row.Command]["off"], itself), median(walls[row.Command]["required"], itself)
	}
	return out
}
