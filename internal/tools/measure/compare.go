//go:build unix

package measure

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// sizes are numbers of overrides; all fields of K8, and those of VM from the last one on.
var sizes = []struct{ k8, vm int }{{1, 0}, {10, 0}, {29, 0}, {29, 24}}

// contender is a way of setting overrides.
type contender struct {
	name string
	ours bool
	set  func(ctx context.Context, s *scene, wanted overrides) (time.Duration, error)
}

func contenders() []contender {
	return []contender{
		{"this provider, single overrides", true, terraform(single)},
		{"this provider, single, `-parallelism=60`", true, terraform(single, "-parallelism=60")},
		{"this provider, an exclusive set", true, terraform(set)},
		{"one request per override, 10 at a time", false, oneByOne(10)},
		{"one request per override, 1 at a time", false, oneByOne(1)},
		{"one request by hand for each infra", false, byHand},
		{"the CLI alone, with as many `terraform_data`", false, terraform(builtIn)},
	}
}

// Compare measures every way of setting overrides at every size. The runs of the ways alternate, so
// that what else the machine does hits all of them alike.
func (l *Lab) Compare(ctx context.Context) ([]Compared, error) {
	var out []Compared
	for _, c := range contenders() {
		out = append(out, Compared{Name: c.name, Ours: c.ours})
	}
	for _, size := range sizes {
		for i := range out {
			out[i].Points = append(out[i].Points, Point{Overrides: size.k8 + size.vm})
		}
		for run := range l.Runs {
			l.say("%d overrides, run %d of %d", size.k8+size.vm, run+1, l.Runs)
			for i, c := range contenders() {
				sample, err := l.contend(ctx, c, size.k8, size.vm)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", c.name, err)
				}
				point := &out[i].Points[len(out[i].Points)-1]
				point.Samples = append(point.Samples, sample)
			}
		}
	}
	return out, nil
}

func (l *Lab) contend(ctx context.Context, c contender, k8, vm int) (sample Sample, err error) {
	err = l.play(ctx, setting{latency: l.Latency}, func(s *scene) error {
		wanted, err := s.wanted(ctx, map[string]int{"K8": k8, "VM": vm})
		if err != nil {
			return err
		}
		before, err := s.fake.Requests()
		if err != nil {
			return err
		}
		if sample.Wall, err = c.set(ctx, s, wanted); err != nil {
			return err
		}
		after, err := s.fake.Requests()
		if err != nil {
			return err
		}
		sample.Requests = len(after) - len(before)
		sample.Stored, err = s.stored(ctx, wanted)
		return err
	})
	return sample, err
}

// wanted returns overrides of the first fields of each infra.
func (s *scene) wanted(ctx context.Context, counts map[string]int) (overrides, error) {
	var out overrides
	for _, infra := range []string{"K8", "VM"} {
		if counts[infra] == 0 {
			continue
		}
		defaults, err := s.api(s.account(0)).images(ctx, "ci/"+infra, "get-default-config")
		if err != nil {
			return nil, err
		}
		out = append(out, group{infra: infra, images: mirrored(defaults, counts[infra])})
	}
	return out, nil
}

// terraform applies a configuration.
func terraform(w way, args ...string) func(context.Context, *scene, overrides) (time.Duration, error) {
	return func(ctx context.Context, s *scene, wanted overrides) (time.Duration, error) {
		if err := s.configure(w, wanted); err != nil {
			return 0, err
		}
		r, err := s.apply(ctx, args...)
		return r.Wall, err
	}
}

// oneByOne is what a script or a plain provider does: for each override a write and a read, as many
// at a time as given. It believes the answer, and so does not see what another write undoes.
func oneByOne(parallelism int) func(context.Context, *scene, overrides) (time.Duration, error) {
	return func(ctx context.Context, s *scene, wanted overrides) (time.Duration, error) {
		start := time.Now()
		workers, ctx := errgroup.WithContext(ctx)
		workers.SetLimit(parallelism)
		for _, g := range wanted {
			a, scope := s.api(s.account(g.account)), "ci/"+g.infra
			for field, image := range g.images {
				workers.Go(func() error {
					if err := a.update(ctx, scope, []operation{{field, image}}); err != nil {
						return err
					}
					_, err := a.images(ctx, scope, "get-customer-config")
					return err
				})
			}
		}
		err := workers.Wait()
		return time.Since(start), err
	}
}

// byHand is the least that can be done: one request for each infra, and no look at the outcome.
func byHand(ctx context.Context, s *scene, wanted overrides) (time.Duration, error) {
	start := time.Now()
	for _, g := range wanted {
		var operations []operation
		for field, image := range g.images {
			operations = append(operations, operation{field, image})
		}
		if err := s.api(s.account(g.account)).update(ctx, "ci/"+g.infra, operations); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}
