package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"
)

// results are all measurements.
type results struct {
	Machine  machine
	Cost     struct{ Bare, Ours cost }
	Compared []compared
	Scale    []bulk
	Verified []verified
	Copies   *copies // nil where they were not measured
}

// Official reports whether the official provider was also measured.
func (r results) Official() bool {
	return slices.ContainsFunc(r.Compared, func(c compared) bool { return c.Name == "`"+string(official)+"`" })
}

// compared is one way of setting overrides, at every size; Ours are this provider's.
type compared struct {
	Name   string
	Ours   bool
	Points []point
}

// point is a number of overrides, the runs that set as many, and the minimum of a verified apply, if there is one.
type point struct {
	Overrides int
	Samples   []sample
	Least     time.Duration
}

// sample is one run.
type sample struct {
	Wall             time.Duration
	Requests, Stored int
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

// times are several measurements of the same.
type times []time.Duration

// Median returns the middle one.
func (t times) Median() time.Duration {
	return median(t, func(d time.Duration) time.Duration { return d })
}

// cost is what plans of one resource cost; Firsts is from the start of the CLI to the first request.
type cost struct {
	Plans, Firsts, CPUs times
	Binary              int64 // in bytes
}

// bulk is one run of the CLI over many overrides: what is measured, and what came of it.
type bulk struct {
	Way                 way
	Args                string // of the command, beside the usual
	Overrides, Accounts int
	Command             string
	Requests, Writes    int
	Stored              int
	Wall, CPU           time.Duration
}

// verified is what looking up the images of one command costs.
type verified struct {
	Way              way
	Args, Command    string
	Images, Requests int // requests: to the registry
	Offs, Ons        times
}

// copies are copies of images with several tools.
type copies struct {
	Images         int      // indexes copied
	Distinct, Each int64    // bytes of distinct blobs, and when every repository gets its own of shared layers
	Tools          []copied // ours first
	Missing        []string // tools that were not found
}

// copied is one way to copy; the counts are of the source and the destination.
type copied struct {
	Name, Version      string
	Walls, CPUs, Idles times // idle: again, with nothing to do
	Counts, IdleCounts [2]counts
	Altered            int // indexes with another digest at the destination: not the image
}

// counts are what a registry was sent: requests, those for manifests by method, and bytes of bodies.
type counts struct {
	All       int
	Manifests map[string]int
	Sent      int64
}

// Faster returns how many times as long the fastest of the other tools takes; 0 if there is none.
func (c copies) Faster() (factor float64) {
	for _, t := range c.Tools[1:] {
		if other := t.Walls.Median().Seconds() / c.Tools[0].Walls.Median().Seconds(); factor == 0 || other < factor {
			factor = other
		}
	}
	return factor
}

var helpers = template.FuncMap{
	"short": func(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) },
	"ms":    milliseconds,
	"more": func(a, b time.Duration) string {
		return fmt.Sprintf("%+d ms", (a - b).Round(time.Millisecond).Milliseconds())
	},
	"mb":   func(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) },
	"sub":  func(a, b int) int { return a - b },
	"cell": cell, "join": strings.Join,
	"mul": func(a, b int) int { return a * b },
	// The length of a bar, of 170 pixels at most, and where a text after what ends at these begins.
	"pixels":   pixels,
	"lasting":  func(d, most time.Duration) int { return pixels(int(d), int(most)) },
	"after":    func(ends ...int) int { return slices.Max(ends) + 9 },
	"requests": requests,
	"manifests": func(c counts) string {
		return fmt.Sprintf("%d + %d + %d", c.Manifests["HEAD"], c.Manifests["GET"], c.Manifests["PUT"])
	},
}

func pixels(value, most int) int { return 170 * value / most }

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}

// cell is a point in a table.
func cell(p point) string {
	lines := []string{fmt.Sprintf("%.2f s", p.Wall().Seconds())}
	if p.Least > 0 {
		lines[0] += fmt.Sprintf(", %.2f × the least", p.Wall().Seconds()/p.Least.Seconds())
	}
	if p.Requests() > 0 { // otherwise there is nothing to store either
		lost := "0 lost"
		if p.Lost() > 0 {
			lost = fmt.Sprintf("**%d lost**", p.Lost())
		}
		lines = append(lines, requests(p.Requests()), fmt.Sprintf("%d stored, %s", p.Stored(), lost))
	}
	return strings.Join(lines, "<br>")
}

func requests(n int) string {
	if n == 1 {
		return "1 request"
	}
	return fmt.Sprintf("%d requests", n)
}

// chartFolder is next to the program that draws the chart.
const chartFolder = "internal/dev/bench/"

//go:embed report.md.tmpl
var reportTemplate string

//go:embed chart.svg.tmpl
var chartTemplate string

// files returns the report and its chart, by name.
func (r results) files() (map[string]string, error) {
	report, err := render(reportTemplate, r)
	files := map[string]string{reportFile: report}
	for name, dark := range map[string]bool{"overrides.svg": false, "overrides-dark.svg": true} {
		if err == nil {
			files[chartFolder+name], err = render(chartTemplate, chart{r, dark})
		}
	}
	return files, err
}

func render(source string, data any) (string, error) {
	var out strings.Builder
	t, err := template.New("").Funcs(helpers).Parse(source)
	if err == nil {
		err = t.Execute(&out, data)
	}
	return out.String(), err
}

// chart is what each way stores of the largest number of overrides, and how long that takes.
type chart struct {
	results
	Dark bool
}

// Rows returns the ways that send requests, with the last of their points alone.
func (c chart) Rows() (rows []compared) {
	for _, way := range c.Compared {
		if last := way.Points[len(way.Points)-1:]; last[0].Requests() > 0 { // else there is nothing to store
			rows = append(rows, compared{strings.ReplaceAll(way.Name, "`", ""), way.Ours, last})
		}
	}
	return rows
}

// Longest returns the time of the slowest way, and Lost what the worst of ours or of the others loses.
func (c chart) Longest() (longest time.Duration) {
	for _, way := range c.Rows() {
		longest = max(longest, way.Points[0].Wall())
	}
	return longest
}

func (c chart) Lost(ours bool) (lost int) {
	for _, way := range c.Rows() {
		if way.Ours == ours {
			lost = max(lost, way.Points[0].Lost())
		}
	}
	return lost
}
