//go:build unix

package measure

import (
	"context"
	"fmt"
	"net/http"
	"slices"
)

// limited is an apply against a server that limits the rate of calls of the one key.
type limited struct {
	name      string
	perMinute int
	accounts  []int
	each      int
}

func (l *Lab) limited() []limited {
	const vendors = 400 // calls a minute and key
	if l.Quick {
		return []limited{{"one account", vendors, []int{0}, 20}}
	}
	return []limited{
		{"one account", vendors, []int{0}, 400},
		{"ten accounts that share one key", vendors, upTo(10), 40},
		{"one account, and a limit that is hit", 20, []int{0}, 100},
	}
}

// Limits measures applies of single overrides under a limit of calls per minute.
func (l *Lab) Limits(ctx context.Context) ([]Limit, error) {
	var out []Limit
	for _, c := range l.limited() {
		l.say("%d overrides at %d calls a minute: %s", c.each*len(c.accounts), c.perMinute, c.name)
		wanted := extra(c.each, c.accounts...)
		with := setting{latency: l.Latency, flags: []string{
			"-rate-limit", fmt.Sprint(c.perMinute), "-extra-fields", fmt.Sprint(c.each),
			"-extra-accounts", fmt.Sprint(slices.Max(c.accounts)),
		}}
		err := l.play(ctx, with, func(s *scene) error {
			if err := s.configure(single, wanted); err != nil {
				return err
			}
			r, err := s.apply(ctx)
			if err != nil {
				return err
			}
			stored, err := s.stored(ctx, wanted)
			out = append(out, Limit{
				Name: c.name, PerMinute: c.perMinute, Overrides: wanted.count(), Requests: len(r.Requests),
				TurnedAway: r.Requests.Answered(http.StatusTooManyRequests), Stored: stored, Wall: r.Wall,
			})
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return out, nil
}
