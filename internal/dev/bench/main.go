//go:build unix

// Bench measures the provider and writes BENCHMARKS.md with its charts, light and dark. `make bench` sets what it needs.
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

// Where the report goes, below the repository's root, and what it is made from.
const (
	reportFile = "BENCHMARKS.md"
	rawFile    = ".bin/bench.json"
)

func main() {
	if exit, launched := launch(); launched {
		os.Exit(exit)
	}
	if exit, started := copybench.Child(); started {
		os.Exit(exit)
	}
	runs := flag.Int("runs", 3, "how often each comparison is repeated")
	quick := flag.Bool("quick", false, "small sizes, to try out the program: prints, and writes no file")
	vendor := flag.String("vendor", "", "a terraform-provider-harness to measure as well")
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
		files := r.charts()
		files[reportFile] = markdown
		for name, content := range files {
			t.Check(os.WriteFile(name, []byte(content), 0o644)) //nolint:gosec // to be read by all
		}
	}))
}

// part is a measurement that can be made separately.
type part struct {
	name string
	take func(*lab, *results)
}

var parts = []part{
	{"cost", func(l *lab, r *results) { r.Cost = l.cost() }},
	{"compare", func(l *lab, r *results) { r.Compared = l.compare() }},
	{"reports", func(l *lab, r *results) { r.Reports = l.reports() }},
	{"scale", func(l *lab, r *results) { r.Scale = l.scale() }},
	{"accounts", func(l *lab, r *results) { r.Accounts = l.accounts() }},
	{"limits", func(l *lab, r *results) { r.Limits = l.limits() }},
	{"verify", func(l *lab, r *results) { r.Verified = l.verify() }},
	{"size", func(l *lab, r *results) { r.Size = l.size() }},
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
	if r.Taken == nil {
		r.Taken = map[string]taken{}
	}
	for _, p := range parts {
		if !slices.Contains(names, p.name) {
			continue
		}
		busy := busy(l.Context())
		p.take(l, r)
		r.Taken[p.name] = taken{r.Machine.Date, busy}
		if l.quick {
			continue
		}
		raw, err := json.MarshalIndent(r, "", "  ")
		l.Check(err)
		l.Check(os.WriteFile(rawFile, raw, 0o600))
	}
}
