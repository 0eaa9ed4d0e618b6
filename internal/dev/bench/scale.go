//go:build unix

package main

import (
	"net/http"
	"slices"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// scale measures an apply of many overrides, and then a plan that finds nothing to do: growth in one
// account.
func (l *lab) scale() (out []bulk) {
	growth := []int{125, 500}
	if l.quick {
		growth = []int{20, 40}
	}
	for _, w := range []way{single, set} {
		for _, n := range growth {
			out = append(out, l.bulk(w, n, []string{""})...)
		}
	}
	return append(out, l.bulk(idle, growth[len(growth)-1], []string{""})...)
}

// accounts measures the same for many accounts.
func (l *lab) accounts() []bulk {
	many, each := accounts(50), 40
	if l.quick {
		many, each = accounts(3), 5
	}
	return slices.Concat(l.bulk(single, each, many), l.bulk(single, each, many, "-parallelism=500"), l.bulk(set, each, many))
}

// bulk measures this many overrides in each of the accounts, with further arguments.
func (l *lab) bulk(w way, fields int, accounts []string, more ...string) (rows []bulk) {
	l.say("%d overrides in each of %d accounts, by %s %v", fields, len(accounts), w, more)
	l.play(fakeharness.Options{Latency: l.latency}, func(s *scene) {
		groups := s.extra(fields, accounts...)
		s.configure(l, true, w, groups...)
		for _, args := range [][]string{{"apply", "-auto-approve"}, {"plan", "-detailed-exitcode"}} {
			r := s.run(append(args, more...)...)
			used := s.used()
			writes := s.fake.Count("writes")
			rows = append(rows, bulk{
				Way: w, Args: strings.Join(more, " "), Overrides: count(groups...), Accounts: len(accounts), Command: args[0],
				Reads: s.fake.Count("") - writes, Writes: writes, Stored: s.stored(groups...), Wall: r.Wall,
				ProviderCPU: used.cpu(), CLICPU: r.State.UserTime() + r.State.SystemTime() - used.cpu(),
				Processes: len(used), AtOnce: used.atOnce(), Peak: used.peak(), CLIPeak: peak(r.State),
			})
		}
	})
	return rows
}

// limits measures applies of single overrides under a limit of calls per minute for one key.
func (l *lab) limits() []limit {
	const vendors = 400 // calls a minute and key
	if l.quick {
		return []limit{l.limit("one account", vendors, 20, "")}
	}
	return []limit{
		l.limit("one account", vendors, 400, ""),
		l.limit("ten accounts that share one key", vendors, 40, accounts(10)...),
		l.limit("one account, and a limit that is hit", 20, 80, ""),
	}
}

func (l *lab) limit(name string, perMinute, fields int, accounts ...string) (row limit) {
	l.say("%d calls a minute: %s", perMinute, name)
	l.play(fakeharness.Options{Latency: l.latency, RateLimit: perMinute}, func(s *scene) {
		groups := s.extra(fields, accounts...)
		s.configure(l, false, single, groups...)
		r := s.apply()
		row = limit{
			Name: name, PerMinute: perMinute, Overrides: count(groups...),
			Requests: s.fake.Count(""), Stored: s.stored(groups...), Wall: r.Wall,
		}
		for _, request := range s.fake.Requests() {
			if request.Status == http.StatusTooManyRequests {
				row.TurnedAway++
			}
		}
	})
	return row
}
