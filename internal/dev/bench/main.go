//go:build unix

// Bench measures the provider and writes BENCHMARKS.md with its charts. `make bench` sets what it needs.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
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
	from := flag.String("from", "", "write the report from the raw results of an earlier run, such as "+rawFile)
	flag.Parse()

	os.Exit(script.Run("bench", func(t *script.T) {
		var r results
		if *from != "" {
			raw, err := os.ReadFile(*from)
			t.Check(err)
			t.Check(json.Unmarshal(raw, &r))
		} else {
			r = take(&lab{T: t, latency: 100 * time.Millisecond, runs: *runs, quick: *quick, vendor: *vendor})
		}
		markdown, err := r.markdown()
		t.Check(err)
		fmt.Print(markdown)
		if *quick {
			return
		}
		raw, err := json.MarshalIndent(r, "", "  ")
		t.Check(err)
		files := map[string]string{reportFile: markdown, storedChart: r.stored().svg(), rawFile: string(raw)}
		if r.Copies != nil {
			files[copiedChart] = r.copied().svg()
		}
		for name, content := range files {
			t.Check(os.WriteFile(name, []byte(content), 0o644)) //nolint:gosec // to be read by all
		}
	}))
}

// take measures everything.
func take(l *lab) results {
	began := time.Now()
	r := results{Machine: l.machine()}
	r.Cost = l.cost()
	r.Compared = l.compare()
	r.Reports = l.reports()
	r.Scale = l.scale()
	r.Limits = l.limits()
	r.Verified = l.verify()
	r.Copies = l.copies()
	r.Took = time.Since(began)
	return r
}
