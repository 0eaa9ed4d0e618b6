//go:build unix

package main

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// A chart's measures, in pixels: names on the left, then two columns of bars.
const (
	chartWidth = 960
	margin     = 28
	headHeight = 108
	rowHeight  = 42
	barHeight  = 16
	barMost    = 170
)

// columnsAt is where the columns begin.
var columnsAt = [2]int{340, 596}

// theme colours a chart. Each has its own background, so that the text is readable on any page.
type theme struct {
	suffix                                                   string // of the file's name
	ground, edge, track, text, faint, ours, other, bad, tick string
}

var themes = []theme{
	{
		suffix: "", ground: "#ffffff", edge: "#d1d9e0", track: "#eff2f5", text: "#1f2328", faint: "#59636e",
		ours: "#0969da", other: "#9aa4ae", bad: "#cf222e", tick: "#1f2328",
	},
	{
		suffix: "-dark", ground: "#0d1117", edge: "#3d444d", track: "#1c222b", text: "#f0f6fc", faint: "#9198a1",
		ours: "#4493f8", other: "#656c76", bad: "#f85149", tick: "#f0f6fc",
	},
}

// file returns the name of a chart's file in this theme.
func (t theme) file(chart string) string {
	return strings.TrimSuffix(chart, ".svg") + t.suffix + ".svg"
}

func (t theme) style() string {
	return fmt.Sprintf(`
    .ground { fill: %s; stroke: %s; } .rule { fill: %s; } .track { fill: %s; }
    text { fill: %s; font: 14px system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif; }
    .title { font-size: 19px; font-weight: 600; } .name { font-weight: 600; }
    .faint { fill: %s; } .small { fill: %s; font-size: 12.5px; }
    .ours { fill: %s; } .other { fill: %s; } .tick { fill: %s; }
    .bad { fill: %s; } text.bad { font-weight: 600; }
`, t.ground, t.edge, t.track, t.track, t.text, t.faint, t.faint, t.ours, t.other, t.tick, t.bad)
}

// chart is a picture with two bars for each way to do something.
type chart struct {
	title, note string
	columns     [2]column
	rows        []row
}

// column is what a column of bars shows; whole bars are on a track as long as the longest.
type column struct {
	head  string
	tick  string // what the ticks of its bars mean; "" without any
	whole bool
}

// row is one way; ours are this provider's.
type row struct {
	name string
	ours bool
	bars [2]bar
}

// bar is drawn up to value, then to lost, of most; a tick is at least, unless that is 0.
type bar struct {
	value, lost, least, most float64
	text                     string
	class                    string // of the text
}

// svg draws the chart.
func (c chart) svg(t theme) string {
	height := headHeight + len(c.rows)*rowHeight + 10
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title">`,
		chartWidth, height, chartWidth, height)
	fmt.Fprintf(&out, "\n  <title id=\"title\">%s</title>\n  <style>%s  </style>\n", escape(c.title), t.style())
	fmt.Fprintf(&out, "  <rect class=\"ground\" x=\"0.5\" y=\"0.5\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", chartWidth-1, height-1)
	label(&out, margin, 40, "title", c.title)
	label(&out, margin, 63, "faint", c.note)
	for i, column := range c.columns {
		label(&out, columnsAt[i], headHeight-14, "small", column.head)
		if column.tick != "" {
			at := columnsAt[i] + 52
			rect(&out, at, headHeight-26, 3, barHeight, 1, "tick")
			label(&out, at+10, headHeight-14, "small", column.tick)
		}
	}
	for i, row := range c.rows {
		row.draw(&out, headHeight+i*rowHeight, c.columns)
	}
	out.WriteString("</svg>\n")
	return out.String()
}

func (r row) draw(out *strings.Builder, top int, columns [2]column) {
	class, name := "other", ""
	if r.ours {
		class, name = "ours", "name"
	}
	rect(out, margin, top, chartWidth-2*margin, 1, 0, "rule")
	top += (rowHeight - barHeight) / 2
	text := top + barHeight - 3
	label(out, margin, text, name, r.name)
	for i, b := range r.bars {
		pixels := func(value float64) int { return int(value * barMost / b.most) }
		x, width, lost := columnsAt[i], pixels(b.value), pixels(b.lost)
		end := max(x+width+lost, x+pixels(b.least)+3)
		if columns[i].whole {
			rect(out, x, top, barMost, barHeight, 3, "track")
			end = x + barMost
		}
		if b.lost == 0 {
			width = max(3, width)
		}
		rect(out, x, top, width, barHeight, 3, class)
		rect(out, x+width, top, lost, barHeight, 3, "bad")
		if b.least > 0 {
			rect(out, x+pixels(b.least), top-4, 3, barHeight+8, 1, "tick")
		}
		label(out, end+9, text, b.class, b.text)
	}
}

func rect(out *strings.Builder, x, y, width, height, radius int, class string) {
	if width <= 0 {
		return
	}
	fmt.Fprintf(out, "  <rect class=%q x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"/>\n", class, x, y, width, height, radius)
}

func label(out *strings.Builder, x, y int, class, text string) {
	fmt.Fprintf(out, "  <text class=%q x=\"%d\" y=\"%d\">%s</text>\n", class, x, y, escape(text))
}

// escape escapes text for XML.
func escape(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // a Builder takes everything
	return out.String()
}
