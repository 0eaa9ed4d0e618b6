//go:build unix

package main

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// A chart's measures, in pixels: names stand left, then two columns of bars.
const (
	chartWidth = 980
	headHeight = 92
	rowHeight  = 46
	barHeight  = 20
	barMost    = 160
)

// columnsAt is where the columns begin.
var columnsAt = [2]int{380, 640}

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

// chart is a picture of two bars for each of some ways to do a thing.
type chart struct {
	title, note string
	heads       [2]string
	rows        []row
}

// row is one way; ours are this provider's.
type row struct {
	name string
	ours bool
	bars [2]bar
}

// bar is drawn up to value, and on to lost, of most; a line stands at least, unless that is 0.
type bar struct {
	value, lost, least, most float64
	text                     string
	class                    string // of the text
}

// stored charts, for the largest number of overrides, what each way stores and how long it takes.
func (r results) stored() chart {
	c := chart{note: "The server answers after " + milliseconds(r.Machine.Latency)}
	c.heads = [2]string{"stored, lost", "time, and | the least that a verified apply takes"}
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
			stored.text, stored.class = fmt.Sprintf("%d lost", last.Lost()), "alarm"
		}
		requests := "requests"
		if last.Requests() == 1 {
			requests = "request"
		}
		took := bar{
			value: last.Wall().Seconds(), least: last.Least.Seconds(),
			text: fmt.Sprintf("%.1f s, %d %s", last.Wall().Seconds(), last.Requests(), requests),
		}
		c.rows = append(c.rows, row{strings.ReplaceAll(way.Name, "`", ""), way.Ours, [2]bar{stored, took}})
	}
	for i := range c.rows {
		c.rows[i].bars[1].most = longest.Seconds()
	}
	return c
}

// svg draws the chart.
func (c chart) svg() string {
	height := headHeight + len(c.rows)*rowHeight + 14
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title">`,
		chartWidth, height, chartWidth, height)
	fmt.Fprintf(&out, "\n  <title id=\"title\">%s</title>\n  <style>%s  </style>\n", escape(c.title), chartStyle)
	fmt.Fprintf(&out, "  <rect class=\"ground\" x=\"0.5\" y=\"0.5\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", chartWidth-1, height-1)
	label(&out, 24, 38, "title", c.title)
	label(&out, 24, 72, "head", c.note)
	for i, head := range c.heads {
		label(&out, columnsAt[i], 72, "head", head)
	}
	for i, row := range c.rows {
		row.draw(&out, headHeight+i*rowHeight)
	}
	out.WriteString("</svg>\n")
	return out.String()
}

func (r row) draw(out *strings.Builder, top int) {
	class := ""
	if r.ours {
		class = "ours"
	}
	text := top + barHeight - 5
	label(out, 24, text, class, r.name)
	for i, b := range r.bars {
		pixels := func(value float64) int { return int(value * barMost / b.most) }
		x, width := columnsAt[i], pixels(b.value)
		if b.lost == 0 {
			width = max(2, width)
		}
		rect(out, x, top, width, barHeight, "bar "+class)
		rect(out, x+width, top, pixels(b.lost), barHeight, "lost")
		if b.least > 0 {
			rect(out, x+pixels(b.least), top-4, 2, barHeight+8, "least")
		}
		label(out, x+width+pixels(b.lost)+8, text, b.class, b.text)
	}
}

func rect(out *strings.Builder, x, y, width, height int, class string) {
	if width <= 0 {
		return
	}
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
