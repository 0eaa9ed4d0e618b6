//go:build unix

// Package copybench compares copies of images with the tools that people use for them, on the same real
// registries: seconds, processor time, memory, bytes and requests.
package copybench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/realregistry"
)

// Options say what to measure. A tool that is not found is left out, and the results say so.
type Options struct {
	Registry string // the program that runs a registry, such as docker-registry
	Dir      string // for the registries' files: 5 GB at full size
	Runs     int    // how often each tool copies everything; 0: 3
	Quick    bool   // layers a hundred times smaller, to try the program out
	// Paths of the tools that are not on PATH, by name.
	Paths map[string]string
	// Log gets the progress; may be nil.
	Log func(string)
}

// Results are what was measured.
type Results struct {
	Images   int   `json:"images"`   // indexes copied
	Blobs    int   `json:"blobs"`    // distinct
	Distinct int64 `json:"distinct"` // bytes of distinct blobs
	Each     int64 `json:"each"`     // bytes when every repository gets its own copy of shared layers
	// Tools are in the order of their names, the provider's client first.
	Tools []Tool `json:"tools"`
	// Missing are the tools that were not found.
	Missing []string `json:"missing,omitempty"`
}

// Tool is one way to copy.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Runs    []Run  `json:"runs"` // into an empty registry
	Idle    []Run  `json:"idle"` // again, with nothing to do
	// Sent, Source and Destination are from one more run, through proxies that count.
	Sent        int64    `json:"sent"` // bytes of request bodies to the destination
	Source      Requests `json:"source"`
	Destination Requests `json:"destination"`
	// IdleSource and IdleDestination are those of the run after it.
	IdleSource      Requests `json:"idle_source"`
	IdleDestination Requests `json:"idle_destination"`
	// Altered is how many indexes have another digest at the destination; such a copy is not the image.
	Altered int `json:"altered"`
}

// Run is what one run took.
type Run struct {
	Wall time.Duration `json:"wall"`
	CPU  time.Duration `json:"cpu"`
	Peak int64         `json:"peak"` // resident bytes of the largest process
}

// Wall and CPU are medians; Peak is the worst.
func (t Tool) Wall() time.Duration {
	return median(t.Runs, func(r Run) time.Duration { return r.Wall })
}

// CPU is the median of the processor time.
func (t Tool) CPU() time.Duration { return median(t.Runs, func(r Run) time.Duration { return r.CPU }) }

// Peak is the peak memory of a process in any run.
func (t Tool) Peak() int64 {
	return slices.MaxFunc(t.Runs, func(a, b Run) int { return int(a.Peak - b.Peak) }).Peak
}

// IdleWall is the median of the runs with nothing to do.
func (t Tool) IdleWall() time.Duration {
	return median(t.Idle, func(r Run) time.Duration { return r.Wall })
}

func median(runs []Run, of func(Run) time.Duration) time.Duration {
	values := make([]time.Duration, len(runs))
	for i, r := range runs {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

// lab is what a measurement needs.
type lab struct {
	Options
	source *realregistry.Registry
	images []image
	rounds int
}

// Measure copies a set like Harness's own with every tool, alternating.
func Measure(ctx context.Context, o Options) (*Results, error) {
	if o.Runs == 0 {
		o.Runs = 3
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	l := &lab{Options: o}
	dir, err := l.dir("source")
	if err != nil {
		return nil, err
	}
	if l.source, err = realregistry.Start(ctx, o.Registry, dir, ""); err != nil {
		return nil, err
	}
	defer l.source.Stop()
	r := &Results{}
	o.Log("filling the source registry")
	if err := l.fill(ctx, r); err != nil {
		return nil, err
	}
	tools, err := l.tools(ctx, r)
	if err != nil {
		return nil, err
	}
	for range o.Runs {
		for i, tool := range tools {
			if err := l.timed(ctx, tool, &r.Tools[i]); err != nil {
				return nil, fmt.Errorf("%s: %w", tool.name, err)
			}
		}
	}
	for i, tool := range tools {
		if err := l.counted(ctx, tool, &r.Tools[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", tool.name, err)
		}
	}
	return r, nil
}

func (l *lab) dir(name string) (string, error) {
	dir := filepath.Join(l.Dir, name)
	return dir, os.MkdirAll(dir, 0o700)
}

// destination runs f with an empty registry, which is removed afterwards.
func (l *lab) destination(ctx context.Context, f func(host string) error) error {
	l.rounds++
	dir, err := l.dir(fmt.Sprintf("destination%d", l.rounds))
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // below a folder of the caller's
	r, err := realregistry.Start(ctx, l.Registry, dir, "")
	if err != nil {
		return err
	}
	defer r.Stop()
	return f(r.Host)
}

// timed copies everything into an empty registry, and once more.
func (l *lab) timed(ctx context.Context, tool tool, into *Tool) error {
	return l.destination(ctx, func(host string) error {
		run, err := l.run(ctx, tool, l.source.Host, host)
		if err != nil {
			return err
		}
		idle, err := l.run(ctx, tool, l.source.Host, host)
		into.Runs, into.Idle = append(into.Runs, run), append(into.Idle, idle)
		into.Altered = l.altered(ctx, host)
		l.Log(fmt.Sprintf("%s took %.1f s, %.1f MiB", tool.name, run.Wall.Seconds(), float64(run.Peak)/(1<<20)))
		return errors.Join(err, syncDisk(ctx))
	})
}

// syncDisk keeps what one tool has written from slowing down the next.
func syncDisk(ctx context.Context) error { return exec.CommandContext(ctx, "sync").Run() }

// counted does the same through proxies that count.
func (l *lab) counted(ctx context.Context, tool tool, into *Tool) error {
	return l.destination(ctx, func(host string) error {
		l.Log("counting " + tool.name)
		source, err := startProxy(ctx, l.source.Host)
		if err != nil {
			return err
		}
		defer source.stop()
		destination, err := startProxy(ctx, host)
		if err != nil {
			return err
		}
		defer destination.stop()
		if _, err := l.run(ctx, tool, source.host, destination.host); err != nil {
			return err
		}
		into.Source, _ = source.take()
		into.Destination, into.Sent = destination.take()
		if _, err := l.run(ctx, tool, source.host, destination.host); err != nil {
			return err
		}
		into.IdleSource, _ = source.take()
		into.IdleDestination, _ = destination.take()
		return nil
	})
}
