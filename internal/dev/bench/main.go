// Bench measures the provider and writes BENCHMARKS.md with its chart, light and dark. `make bench` sets what it needs.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/dev/script"
)

// Where the report goes, below the repository's root, and what it is made from.
const (
	reportFile = "BENCHMARKS.md"
	rawFile    = ".bin/bench.json"
)

func main() {
	runs := flag.Int("runs", 3, "how often each comparison is repeated")
	quick := flag.Bool("quick", false, "small sizes, to try out the program: prints, and writes no file")
	official := flag.String("official", "", "a terraform-provider-harness to measure as well")
	only := flag.String("only", ".", "measure the parts that match this pattern; the others are those of "+rawFile)
	copying := flag.Bool(copyFlag, false, "copy pairs of images: what this program starts itself for")
	flag.Parse()

	os.Exit(script.Run("bench", func(t *script.T) {
		if *copying {
			t.Check(copyPairs(t.Context(), flag.Args()))
			return
		}
		l := &lab{T: t, latency: 100 * time.Millisecond, runs: *runs, quick: *quick, official: *official}
		var r results
		measured, err := regexp.Compile(*only)
		t.Check(err)
		if *only != "." {
			raw, err := os.ReadFile(rawFile)
			t.Check(err)
			t.Check(json.Unmarshal(raw, &r))
		}
		for _, part := range parts {
			if !measured.MatchString(part.name) {
				continue
			}
			r.Machine = l.machine()
			part.take(l, &r)
			if !l.quick { // what a failure later on must not lose
				raw, err := json.MarshalIndent(r, "", "  ")
				t.Check(err)
				t.Check(os.WriteFile(rawFile, raw, 0o600))
			}
		}
		files, err := r.files()
		t.Check(err)
		fmt.Print(files[reportFile])
		for name, content := range files {
			if !l.quick {
				t.Check(os.WriteFile(name, []byte(content), 0o644)) //nolint:gosec // to be read by all
			}
		}
	}))
}

// parts are the measurements that can be made separately.
var parts = []struct {
	name string
	take func(*lab, *results)
}{
	{"cost", (*lab).cost},
	{"compare", func(l *lab, r *results) { r.Compared = l.compare() }},
	{"scale", func(l *lab, r *results) { r.Scale = l.scale() }},
	{"verify", func(l *lab, r *results) { r.Verified = l.verify() }},
	{"copies", func(l *lab, r *results) { r.Copies = l.copies() }},
}
