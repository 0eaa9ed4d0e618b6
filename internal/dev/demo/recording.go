package main

import (
	"fmt"
	"strings"
)

// The window, in pixels except for the rows: 80 columns of the font are a little less than its width.
const (
	rows       = 26
	textWidth  = 692
	lineHeight = 19
	margin     = 16
	titleBar   = 30
)

// How long a line stays before the next appears, in seconds; what a reader should take in stays longer.
const (
	perLine   = 0.16
	perClaim  = 0.9
	atTheEnd  = 5.0
	perHeader = 0.9
)

func (l line) duration() float64 {
	switch l.style {
	case green, red:
		return perClaim
	case bold:
		return perHeader
	default:
		return perLine
	}
}

// classes are the styles' names in the style sheet.
var classes = map[style]string{bold: "b", dim: "d", green: "g", red: "r"}

// render returns an SVG that scrolls the lines through a window in a loop. With reduced motion it shows the
// last lines.
func render(lines []line) string {
	total := atTheEnd
	for _, l := range lines {
		total += l.duration()
	}
	height, width := titleBar+rows*lineHeight+margin, textWidth+2*margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="make demo, recorded">
<style>
.s{fill:#161b22}.t{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#c9d1d9;white-space:pre}
.b{font-weight:700;fill:#fff}.d{fill:#8b949e}.g{fill:#3fb950}.r{fill:#ff7b72}
@keyframes scroll{%s}
.m{animation:scroll %.2fs step-end infinite}
@media(prefers-reduced-motion:reduce){.m{animation:none}}
</style>
<rect class="s" width="%d" height="%d" rx="8"/>
<g fill="#30363d"><circle cx="20" cy="16" r="5"/><circle cx="38" cy="16" r="5"/><circle cx="56" cy="16" r="5"/></g>
<text class="t d" x="%d" y="21" text-anchor="middle">make demo</text>
<clipPath id="c"><rect x="0" y="%d" width="%d" height="%d"/></clipPath>
<g clip-path="url(#c)"><g class="m t" transform="translate(0 %d)">
`, width, height, width, height, keyframes(lines, total), total, width, height, width/2,
		titleBar, width, rows*lineHeight+margin/2, offset(len(lines)))
	for i, l := range lines {
		if l.text == "" {
			continue
		}
		class := ""
		if l.style != plain {
			class = fmt.Sprintf(` class="%s"`, classes[l.style])
		}
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" xml:space=\"preserve\"%s>%s</text>\n",
			margin, titleBar+(i+1)*lineHeight-5, class, escape.Replace(l.text))
	}
	b.WriteString("</g></g>\n</svg>\n")
	return b.String()
}

// keyframes moves the text up as its lines appear at the bottom of the window.
func keyframes(lines []line, total float64) string {
	var b strings.Builder
	at := 0.0
	for i, l := range lines {
		fmt.Fprintf(&b, "%.3f%%{transform:translateY(%dpx)}", 100*at/total, offset(i+1))
		at += l.duration()
	}
	return b.String()
}

// offset is how far down the text is when the first n lines show: the nth on the last row.
func offset(n int) int { return (rows - n) * lineHeight }

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
