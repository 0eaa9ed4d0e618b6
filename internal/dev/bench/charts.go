//go:build unix

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/dev/copybench"
)

// Where the charts go, below the repository's root: next to the program that draws them.
const (
	storedChart = "internal/dev/bench/overrides.svg"
	copiedChart = "internal/dev/bench/copies.svg"
)

// charts returns the content of each chart's files.
func (r results) charts() map[string]string {
	drawn := map[string]chart{storedChart: r.stored()}
	if r.Copies != nil {
		drawn[copiedChart] = r.copied()
	}
	files := map[string]string{}
	for name, chart := range drawn {
		for _, t := range themes {
			files[t.file(name)] = chart.svg(t)
		}
	}
	return files
}

// stored charts, for the largest number of overrides, what each way stores and how long it takes.
func (r results) stored() chart {
	c := chart{
		note: "Whole runs of the CLI against a server that answers after " + milliseconds(r.Machine.Latency),
		columns: [2]column{
			{head: "stored and lost", whole: true},
			{head: "time", tick: "the least that a verified apply takes"},
		},
	}
	var longest time.Duration
	for _, way := range r.Compared {
		last := way.Points[len(way.Points)-1]
		if last.Requests() == 0 { // nothing to store
			continue
		}
		longest = max(longest, last.Wall())
		c.title = fmt.Sprintf("%d overrides: what is stored, and how long it takes", last.Overrides)
		stored := bar{value: float64(last.Stored()), lost: float64(last.Lost()), most: float64(last.Overrides), text: "all", class: "faint"}
		if last.Lost() > 0 {
			stored.text, stored.class = fmt.Sprintf("%d lost", last.Lost()), "bad"
		}
		took := bar{
			value: last.Wall().Seconds(), least: last.Least.Seconds(),
			text: fmt.Sprintf("%.1f s, %s", last.Wall().Seconds(), counted("request", last.Requests())),
		}
		c.rows = append(c.rows, row{strings.ReplaceAll(way.Name, "`", ""), way.Ours, [2]bar{stored, took}})
	}
	for i := range c.rows {
		c.rows[i].bars[1].most = longest.Seconds()
	}
	return c
}

// copied charts how long copies take and what they send.
func (r results) copied() chart {
	c := chart{
		title: fmt.Sprintf("%d images, copied between two registries", r.Copies.Images),
		note:  "Image indexes of two or three platforms, four at a time, into an empty registry",
		columns: [2]column{
			{head: "time"},
			{head: "sent", tick: "the distinct content"},
		},
	}
	var longest, most float64
	for _, t := range r.Copies.Tools {
		longest, most = max(longest, t.Wall().Seconds()), max(most, float64(t.Sent))
	}
	for _, t := range r.Copies.Tools {
		took := bar{value: t.Wall().Seconds(), most: longest, text: fmt.Sprintf("%.1f s", t.Wall().Seconds())}
		sent := bar{value: float64(t.Sent), least: float64(r.Copies.Distinct), most: most, text: fmt.Sprintf("%.0f MB", float64(t.Sent)/1e6)}
		if t.Altered > 0 {
			sent.text, sent.class = fmt.Sprintf("%s, %d digests altered", sent.text, t.Altered), "bad"
		}
		c.rows = append(c.rows, row{t.Name, t.Name == copybench.Ours, [2]bar{took, sent}})
	}
	return c
}
