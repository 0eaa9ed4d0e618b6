//go:build unix

package measure

import (
	"cmp"
	"slices"
	"time"
)

// Results are what all measurements came to.
type Results struct {
	Compared []Compared
	Cost     Cost
	Scale    []Scale
	Limits   []Limit
}

// Compared is one way of setting overrides, at every size.
type Compared struct {
	Name   string
	Ours   bool // this provider, not what it is held against
	Points []Point
}

// Point is a number of overrides and the runs that set as many.
type Point struct {
	Overrides int
	Samples   []Sample
}

// Sample is one run.
type Sample struct {
	Wall     time.Duration
	Requests int
	Stored   int
}

// Wall returns the median.
func (p Point) Wall() time.Duration {
	return median(p.Samples, func(s Sample) time.Duration { return s.Wall })
}

// Requests returns the median.
func (p Point) Requests() int { return median(p.Samples, func(s Sample) int { return s.Requests }) }

// Stored returns the median.
func (p Point) Stored() int { return median(p.Samples, func(s Sample) int { return s.Stored }) }

// Lost returns how many overrides are not stored, although every request succeeded.
func (p Point) Lost() int { return p.Overrides - p.Stored() }

// median returns the middle of what of returns for each sample: the lower of two.
func median[S any, T cmp.Ordered](samples []S, of func(S) T) T {
	values := make([]T, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

// Cost is what the provider costs by itself, on a server that answers at once.
type Cost struct {
	Alone    time.Duration // a plan without any provider: of a resource that the CLI itself has
	Bare     Loaded
	Provider Loaded
}

// Loaded is what a plan of one resource of a provider costs, and the provider's binary.
type Loaded struct {
	Plan      time.Duration
	Handshake time.Duration // from the start of a process to its first line
	CPU       time.Duration // of all processes of a plan together
	Processes int           // of a plan
	Peak      int64         // resident memory of one process, in bytes
	Binary    int64         // in bytes
}

// Scale is one run of the CLI over many overrides.
type Scale struct {
	Way         string
	Overrides   int
	Accounts    int
	Command     string
	Reads       int
	Writes      int
	Stored      int
	Wall        time.Duration
	ProviderCPU time.Duration // of all processes together
	CLICPU      time.Duration
	Processes   int
	AtOnce      int
	Peak        int64 // resident memory of one provider process, in bytes
	CLIPeak     int64
}

// Limit is one apply against a server that limits the rate of calls.
type Limit struct {
	Name       string
	PerMinute  int
	Overrides  int
	Requests   int
	TurnedAway int // answered with 429
	Stored     int
	Wall       time.Duration
}
