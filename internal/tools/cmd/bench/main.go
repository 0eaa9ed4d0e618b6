//go:build unix

// Bench measures the provider and writes BENCHMARKS.md with a chart. It expects the built provider,
// the bare provider and the fake in .bin/.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/tools/cli"
	"github.com/harnessci/terraform-provider-harnessci/internal/tools/measure"
)

// Where the report goes, below the repository's root. The chart stays with the program that draws it.
const (
	reportFile = "BENCHMARKS.md"
	chartFile  = "internal/tools/cmd/bench/benchmarks.svg"
	rawFile    = ".bin/bench.json"
)

func main() {
	if exit, launched := measure.Launch(); launched {
		os.Exit(exit)
	}
	root := flag.String("root", ".", "the repository's root")
	runs := flag.Int("runs", 3, "how often each comparison is repeated")
	quick := flag.Bool("quick", false, "small sizes, to try the program out: prints, and writes no file")
	from := flag.String("from", "", "write the report from the raw results of an earlier run, such as "+rawFile)
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	err := run(ctx, *root, *from, *runs, *quick)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// report is all that is written down.
type report struct {
	Machine machine
	Took    time.Duration
	measure.Results
}

func run(ctx context.Context, root, from string, runs int, quick bool) error {
	r, err := load(from)
	if from == "" {
		r, err = take(ctx, root, runs, quick)
	}
	if err != nil {
		return err
	}
	markdown, err := r.markdown(chartFile)
	if err != nil {
		return err
	}
	fmt.Print(markdown)
	if quick {
		return nil
	}
	return r.write(root, markdown)
}

// load reads the raw results of an earlier run.
func load(file string) (report, error) {
	var r report
	if file == "" {
		return r, nil
	}
	raw, err := os.ReadFile(file) //nolint:gosec // the user names it
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		return r, fmt.Errorf("reading the results: %w", err)
	}
	return r, nil
}

// take measures everything.
func take(ctx context.Context, root string, runs int, quick bool) (r report, err error) {
	const latency = 100 * time.Millisecond
	began := time.Now()
	bin, err := filepath.Abs(filepath.Join(root, ".bin"))
	if err != nil {
		return r, fmt.Errorf("finding the binaries: %w", err)
	}
	found, err := cli.Finder{Root: root, Log: os.Stderr}.Find(ctx, cli.Supported)
	if err != nil {
		return r, err
	}
	dir, err := os.MkdirTemp("", "harnessci-bench-")
	if err != nil {
		return r, fmt.Errorf("making a folder to work in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	r.Machine = thisMachine(ctx, found, latency, runs)
	lab := &measure.Lab{CLI: found, Bin: bin, Dir: dir, Latency: latency, Log: os.Stderr, Runs: runs, Quick: quick}
	if r.Cost, err = lab.Cost(ctx); err != nil {
		return r, err
	}
	if r.Compared, err = lab.Compare(ctx); err != nil {
		return r, err
	}
	if r.Scale, err = lab.Scale(ctx); err != nil {
		return r, err
	}
	r.Limits, err = lab.Limits(ctx)
	r.Took = time.Since(began)
	return r, err
}

// write writes the report, the chart and the raw results.
func (r report) write(root, markdown string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	for name, content := range map[string][]byte{
		reportFile: []byte(markdown),
		chartFile:  []byte(r.chart()),
		rawFile:    raw,
	} {
		if err := os.WriteFile(filepath.Join(root, name), content, 0o644); err != nil { //nolint:gosec // to be read by all
			return fmt.Errorf("writing the results: %w", err)
		}
	}
	return nil
}
