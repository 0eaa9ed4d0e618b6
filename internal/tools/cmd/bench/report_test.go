//go:build unix

package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/tools/measure"
)

// sample is a point of which every run came to the same.
func sample(overrides, stored, requests int, wall time.Duration) measure.Point {
	one := measure.Sample{Wall: wall, Requests: requests, Stored: stored}
	return measure.Point{Overrides: overrides, Samples: []measure.Sample{one, one, one}}
}

func results() report {
	return report{
		Machine: machine{CPU: "a processor", Latency: 100 * time.Millisecond},
		Results: measure.Results{
			Compared: []measure.Compared{
				{Name: "this & `that`", Ours: true, Points: []measure.Point{sample(1, 1, 6, time.Second), sample(53, 53, 24, 2*time.Second)}},
				{Name: "another", Points: []measure.Point{sample(1, 1, 1, time.Second), sample(53, 6, 106, 4*time.Second)}},
				{Name: "nothing", Points: []measure.Point{sample(1, 0, 0, time.Second), sample(53, 0, 0, time.Second)}},
			},
			Cost: measure.Cost{
				Alone:    50 * time.Millisecond,
				Bare:     measure.Loaded{Plan: 120 * time.Millisecond},
				Provider: measure.Loaded{Plan: 140 * time.Millisecond, Peak: 20 << 20, Binary: 19_100_000},
			},
			Scale:  []measure.Scale{{Way: "some_resource", Overrides: 2000, Accounts: 50, Command: "apply", Writes: 250}},
			Limits: []measure.Limit{{Name: "a limit", PerMinute: 20, Overrides: 100, TurnedAway: 4}},
		},
	}
}

func TestMarkdownHasEveryFigure(t *testing.T) {
	t.Parallel()
	got, err := results().markdown("chart.svg")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"](chart.svg)",
		"| | 1 | 53 |\n|---|---|---|\n",
		"| **this & `that`** | 1.00 s<br>6 requests<br>1 stored, 0 lost | 2.00 s<br>24 requests<br>53 stored, 0 lost |\n",
		"| another | 1.00 s<br>1 request<br>1 stored, 0 lost | 4.00 s<br>106 requests<br>6 stored, **47 lost** |\n",
		"| nothing | 1.00 s | 1.00 s |\n",
		"| more than the CLI alone | | +70 ms | +90 ms | +120 ms |\n",
		"| 20.0 MiB | 40 MiB |\n",
		"| 19.1 MB | 20 MB |\n",
		"| 2,000 by `some_resource` in 50 accounts | apply | 0 | 250 |",
		"| 100, a limit | 20 a minute | 0 | 4 |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the report lacks %q:\n%s", want, got)
		}
	}
}

func TestChartIsXMLOfWhatIsStored(t *testing.T) {
	t.Parallel()
	got := results().chart()
	decoder := xml.NewDecoder(strings.NewReader(got))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v:\n%s", err, got)
		}
	}
	for _, want := range []string{"this &amp; that", ">47 lost<", ">2.0 s, 24 requests<", "prefers-color-scheme: dark"} {
		if !strings.Contains(got, want) {
			t.Errorf("the chart lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "nothing") {
		t.Error("the chart shows what stores nothing")
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 2000: "2,000", 1234567: "1,234,567"} {
		if got := number(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}
