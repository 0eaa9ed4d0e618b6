//go:build unix

package measure

import (
	"context"
	"fmt"
	"slices"

	"github.com/harnessci/terraform-provider-harnessci/internal/tools/stage"
)

// bulk is a configuration of many overrides.
type bulk struct {
	way      way
	accounts []int
	each     int // overrides in each account
}

// bulks are what Scale measures: growth in one account, then many accounts.
func (l *Lab) bulks() []bulk {
	growth, accounts, each := []int{125, 250, 500}, 50, 40
	if l.Quick {
		growth, accounts, each = []int{20, 40}, 3, 5
	}
	var out []bulk
	for _, w := range []way{single, set} {
		for _, n := range growth {
			out = append(out, bulk{w, []int{0}, n})
		}
	}
	out = append(out, bulk{idle, []int{0}, growth[len(growth)-1]})
	for _, w := range []way{single, set} {
		out = append(out, bulk{w, upTo(accounts), each})
	}
	return out
}

// Scale measures an apply of many overrides, and then a plan that finds nothing to do.
func (l *Lab) Scale(ctx context.Context) ([]Scale, error) {
	var out []Scale
	for _, b := range l.bulks() {
		l.say("%d overrides in each of %d accounts, by %s", b.each, len(b.accounts), b.way)
		rows, err := l.scale(ctx, b)
		if err != nil {
			return nil, fmt.Errorf("%d overrides in each of %d accounts: %w", b.each, len(b.accounts), err)
		}
		out = append(out, rows...)
	}
	return out, nil
}

func (l *Lab) scale(ctx context.Context, b bulk) (rows []Scale, err error) {
	wanted := extra(b.each, b.accounts...)
	with := setting{latency: l.Latency, launched: true, flags: []string{
		"-extra-fields", fmt.Sprint(b.each), "-extra-accounts", fmt.Sprint(slices.Max(b.accounts)),
	}}
	err = l.play(ctx, with, func(s *scene) error {
		if err := s.configure(b.way, wanted); err != nil {
			return err
		}
		for _, step := range []struct {
			command string
			run     func() (stage.Result, error)
		}{
			{"apply", func() (stage.Result, error) { return s.apply(ctx) }},
			{"plan", func() (stage.Result, error) { return s.plan(ctx, 0) }},
		} {
			r, err := step.run()
			if err != nil {
				return err
			}
			used, err := s.used()
			if err != nil {
				return err
			}
			stored, err := s.stored(ctx, wanted)
			if err != nil {
				return err
			}
			rows = append(rows, Scale{
				Way: string(b.way), Overrides: wanted.count(), Accounts: len(b.accounts), Command: step.command,
				Reads: r.Requests.Reads(), Writes: r.Requests.Writes(), Stored: stored, Wall: r.Wall,
				ProviderCPU: used.cpu(), CLICPU: r.State.UserTime() + r.State.SystemTime() - used.cpu(),
				Processes: len(used), AtOnce: used.atOnce(), Peak: used.peak(), CLIPeak: peak(r.State),
			})
		}
		return nil
	})
	return rows, err
}
