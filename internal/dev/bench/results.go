//go:build unix

package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/dev/copybench"
)

// results are the results of all measurements.
type results struct {
	Machine  machine
	Taken    map[string]taken // each part
	Cost     cost
	Size     []module
	Compared []compared
	Reports  []told
	Scale    []bulk
	Accounts []bulk
	Limits   []limit
	Verified []verified
	Copies   *copybench.Results // nil where they were not measured
}

// taken is when a part was measured, and how busy others kept the processors before, in percent.
type taken struct {
	Date string
	Busy int
}

// quietEnough is how busy, in percent, a quiet machine may be.
const quietEnough = 15

// Dated says when a part was measured, if not with the others, and whether the machine was busy then.
func (r results) Dated(part string) string {
	var out string
	t := r.Taken[part]
	if t.Date != "" && t.Date != r.Machine.Date {
		out = " Measured on " + t.Date + "."
	}
	if t.Busy > quietEnough {
		out += fmt.Sprintf(" **Other work kept the processors busy (%d %%) when this was measured**: trust the counts, and not the times.", t.Busy)
	}
	return out
}

// compared is one way of setting overrides, at every size.
type compared struct {
	Name   string
	Ours   bool // this provider, not what it is compared with
	Points []point
}

// point is a number of overrides and the runs that set as many.
type point struct {
	Overrides int
	Samples   []sample
	// Least is the minimum of a verified apply; 0 if that does not apply.
	Least time.Duration
}

// sample is one run.
type sample struct {
	Wall     time.Duration
	Requests int
	Stored   int
}

// Wall, Requests and Stored return the median.
func (p point) Wall() time.Duration {
	return median(p.Samples, func(s sample) time.Duration { return s.Wall })
}
func (p point) Requests() int { return median(p.Samples, func(s sample) int { return s.Requests }) }
func (p point) Stored() int   { return median(p.Samples, func(s sample) int { return s.Stored }) }

// Lost returns how many overrides are not stored, although every request succeeded.
func (p point) Lost() int { return p.Overrides - p.Stored() }

// median returns the middle of what of returns for each sample: the lower of two.
func median[S any, T cmp.Ordered](samples []S, of func(S) T) T {
	values := make([]T, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

// told is what the CLI reports for a command, and what the server has afterwards.
type told struct {
	Resource, Command string
	Reported, Held    int
	Wall              time.Duration
}

// Wrong reports whether the server has something other than was reported.
func (t told) Wrong() bool {
	if t.Command == "destroy" {
		return t.Held > 0
	}
	return t.Held != t.Reported
}

// Vendor reports whether the vendor's provider was also measured.
func (r results) Vendor() bool {
	return slices.ContainsFunc(r.Reports, func(t told) bool { return t.Resource == string(vendor) })
}

// cost is what the provider costs by itself, on a server that answers at once.
type cost struct {
	Alone          time.Duration // a plan without any provider: of a resource that the CLI itself has
	Bare, Provider loaded
}

// loaded is what a plan of one resource of a provider costs, and the provider's binary.
type loaded struct {
	Plan      time.Duration
	First     time.Duration // from the start of the CLI to the first request
	CPU       time.Duration // of all processes of a plan together
	Processes int           // of a plan
	Peak      int64         // resident memory of one process, in bytes
	Binary    int64         // in bytes
}

// bulk is one run of the CLI over many overrides.
type bulk struct {
	Way                 way
	Args                string // of the command, beside the usual
	Overrides, Accounts int
	Command             string
	Reads, Writes       int
	Stored              int
	Wall                time.Duration
	ProviderCPU, CLICPU time.Duration // of all processes together
	Processes, AtOnce   int
	Peak, CLIPeak       int64 // resident memory of one process, in bytes
}

// Idle reports whether there is nothing to store.
func (b bulk) Idle() bool { return b.Way == idle }

// limit is one apply against a server with a rate limit.
type limit struct {
	Name                 string
	PerMinute, Overrides int
	Requests, TurnedAway int // turned away: answered with 429
	Stored               int
	Wall                 time.Duration
}

// module is a module that the provider is linked from.
type module struct {
	Name string
	Size int64 // of its symbols, in bytes
}

// verified is what looking up the images of one command costs.
type verified struct {
	Way              way
	Args             string // of the command, beside the usual
	Command          string
	Images, Requests int // requests: to the registry
	Off, On          time.Duration
}

// Faster returns how many times as long the fastest of the other tools takes to copy; 0 if none was
// measured.
func (r results) Faster() (factor float64) {
	var ours time.Duration
	for _, t := range r.Copies.Tools {
		if t.Name == copybench.Ours {
			ours = t.Wall()
		} else if other := t.Wall().Seconds() / ours.Seconds(); factor == 0 || other < factor {
			factor = other
		}
	}
	return factor
}
