//go:build unix

package main

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// The chart's measures, in pixels. Names stand left, then a bar for what is stored, then one for the time.
const (
	chartWidth = 980
	headHeight = 92
	rowHeight  = 46
	barHeight  = 20
	storedAt   = 380
	storedMost = 160
	timeAt     = 640
	timeMost   = 160
)

// chartStyle paints a ground of its own, so that the text is readable wherever the picture stands.
const chartStyle = `
    .ground { fill: #ffffff; stroke: #d1d9e0; }
    text { fill: #1f2328; font: 14px system-ui, -apple-system, "Segoe UI", sans-serif; }
    .title { font-size: 19px; font-weight: 600; }
    .head, .faint { fill: #59636e; }
    .ours { font-weight: 600; }
    .bar { fill: #8c959f; } .bar.ours { fill: #0969da; }
    .least { fill: #1f2328; }
    .lost { fill: #cf222e; } .alarm { fill: #cf222e; font-weight: 600; }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #0d1117; stroke: #3d444d; }
      text { fill: #f0f6fc; }
      .head, .faint { fill: #9198a1; }
      .bar { fill: #656c76; } .bar.ours { fill: #4493f8; }
      .least { fill: #1f2328; }
    .lost { fill: #f85149; } .alarm { fill: #ff7b72; }
    }
`

// chart draws, for the largest number of overrides, what each way stores and how long it takes.
func (r results) chart() string {
	rows := r.charted()
	var longest time.Duration
	for _, row := range rows {
		longest = max(longest, row.last.Wall())
	}
	height := headHeight + len(rows)*rowHeight + 14
	wanted := rows[0].last.Overrides
	title := fmt.Sprintf("%d overrides: what is stored, and how long it takes", wanted)

	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title">`,
		chartWidth, height, chartWidth, height)
	fmt.Fprintf(&out, "\n  <title id=\"title\">%s</title>\n  <style>%s  </style>\n", escape(title), chartStyle)
	fmt.Fprintf(&out, "  <rect class=\"ground\" x=\"0.5\" y=\"0.5\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", chartWidth-1, height-1)
	label(&out, 24, 38, "title", title)
	label(&out, 24, 72, "head", fmt.Sprintf("The server answers after %s", milliseconds(r.Machine.Latency)))
	label(&out, storedAt, 72, "head", "stored, lost")
	label(&out, timeAt, 72, "head", "time, and | the least that a verified apply can take")
	for i, row := range rows {
		row.draw(&out, headHeight+i*rowHeight, longest)
	}
	out.WriteString("</svg>\n")
	return out.String()
}

// row is one way of setting overrides, in the chart.
type row struct {
	name string
	ours string // the class of what is this provider's
	last point
}

// charted returns the ways that store something.
func (r results) charted() []row {
	var out []row
	for _, c := range r.Compared {
		last := c.Points[len(c.Points)-1]
		if last.Requests() == 0 {
			continue
		}
		one := row{name: strings.ReplaceAll(c.Name, "`", ""), last: last}
		if c.Ours {
			one.ours = "ours"
		}
		out = append(out, one)
	}
	return out
}

func (r row) draw(out *strings.Builder, top int, longest time.Duration) {
	text := top + barHeight - 5
	stored := storedMost * r.last.Stored() / r.last.Overrides
	label(out, 24, text, r.ours, r.name)
	bar(out, storedAt, top, stored, "bar "+r.ours)
	bar(out, storedAt+stored, top, storedMost-stored, "lost")
	if r.last.Lost() > 0 {
		label(out, storedAt+storedMost+8, text, "alarm", fmt.Sprintf("%d lost", r.last.Lost()))
	} else {
		label(out, storedAt+storedMost+8, text, "faint", "all")
	}
	took := max(2, int(timeMost*r.last.Wall()/longest))
	bar(out, timeAt, top, took, "bar "+r.ours)
	if r.last.Least > 0 {
		rect(out, timeAt+int(timeMost*r.last.Least/longest), top-4, 2, barHeight+8, "least")
	}
	requests := "requests"
	if r.last.Requests() == 1 {
		requests = "request"
	}
	label(out, timeAt+took+8, text, "", fmt.Sprintf("%.1f s, %d %s", r.last.Wall().Seconds(), r.last.Requests(), requests))
}

func bar(out *strings.Builder, x, y, width int, class string) {
	if width > 0 {
		rect(out, x, y, width, barHeight, class)
	}
}

func rect(out *strings.Builder, x, y, width, height int, class string) {
	fmt.Fprintf(out, "  <rect class=%q x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", strings.TrimSpace(class), x, y, width, height)
}

func label(out *strings.Builder, x, y int, class, text string) {
	fmt.Fprintf(out, "  <text class=%q x=\"%d\" y=\"%d\">%s</text>\n", class, x, y, escape(text))
}

// escape makes text fit for XML.
func escape(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // a Builder takes everything
	return out.String()
}
