//go:build unix

// Bench measures the provider and writes BENCHMARKS.md with its charts. `make bench` sets what it needs.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/dev/copybench"
	"github.com/harnessci/terraform-provider-harnessci/internal/dev/script"
)

// Where the report goes, below the repository's root. The charts stay with the program that draws them.
const (
	reportFile  = "BENCHMARKS.md"
	storedChart = "internal/dev/bench/overrides.svg"
	copiedChart = "internal/dev/bench/copies.svg"
	rawFile     = ".bin/bench.json"
)

func main() {
	if exit, launched := launch(); launched {
		os.Exit(exit)
	}
	if exit, started := copybench.Child(); started {
		os.Exit(exit)
	}
	runs := flag.Int("runs", 3, "how often each comparison is repeated")
	quick := flag.Bool("quick", false, "small sizes, to try the program out: prints, and writes no file")
	vendor := flag.String("vendor", "", "a terraform-provider-harness to measure, too")
	only := flag.String("only", "", "measure these parts, as "+strings.Join(partNames(), ",")+"; the others are those of "+rawFile)
	flag.Parse()

	os.Exit(script.Run("bench", func(t *script.T) {
		var r results
		l := &lab{T: t, latency: 100 * time.Millisecond, runs: *runs, quick: *quick, vendor: *vendor}
		parts := partNames()
		if *only != "" {
			parts = strings.Split(*only, ",")
			raw, err := os.ReadFile(rawFile)
			t.Check(err)
			t.Check(json.Unmarshal(raw, &r))
		}
		take(l, &r, parts)
		markdown, err := r.markdown()
		t.Check(err)
		fmt.Print(markdown)
		if *quick {
			return
		}
		files := map[string]string{reportFile: markdown, storedChart: r.stored().svg()}
		if r.Copies != nil {
			files[copiedChart] = r.copied().svg()
		}
		for name, content := range files {
			t.Check(os.WriteFile(name, []byte(content), 0o644)) //nolint:gosec // to be read by all
		}
	}))
}

// part is a measurement that can be made by itself.
type part struct {
	name string
	take func(*lab, *results)
}

var parts = []part{
	{"cost", func(l *lab, r *results) { r.Cost = l.cost() }},
	{"compare", func(l *lab, r *results) { r.Compared = l.compare() }},
	{"reports", func(l *lab, r *results) { r.Reports = l.reports() }},
	{"scale", func(l *lab, r *results) { r.Scale = l.scale() }},
	{"limits", func(l *lab, r *results) { r.Limits = l.limits() }},
	{"verify", func(l *lab, r *results) { r.Verified = l.verify() }},
	{"copies", func(l *lab, r *results) { r.Copies = l.copies() }},
}

func partNames() []string {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	return names
}

// take measures some parts, and keeps what it has after each.
func take(l *lab, r *results, names []string) {
	r.Machine = l.machine()
	if r.Dates == nil {
		r.Dates = map[string]string{}
	}
	for _, p := range parts {
		if !slices.Contains(names, p.name) {
			continue
		}
		p.take(l, r)
		r.Dates[p.name] = r.Machine.Date
		if l.quick {
			continue
		}
		raw, err := json.MarshalIndent(r, "", "  ")
		l.Check(err)
		l.Check(os.WriteFile(rawFile, raw, 0o600))
	}
}
