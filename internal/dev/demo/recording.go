package main

import (
	"fmt"
	"strings"
)

// The window, in pixels except for the rows: 80 columns of the font are a little less than its width.
const (
	rows       = 22
	textWidth  = 692
	lineHeight = 19
	margin     = 16
	titleBar   = 30
)

// How long a page stays, in seconds: for itself, and for each line. The last page, which sums up, stays longer.
const (
	perPage  = 1.1
	perLine  = 0.12
	atTheEnd = 4.0
)

// mostCode is how many lines of a configuration a page shows.
const mostCode = 6

// classes are the styles' names in the style sheet.
var classes = map[style]string{bold: "b", dim: "d", green: "g", red: "r"}

// pages splits what was printed into its steps, and shortens them. The last page has each step's title and
// what was verified in it.
func pages(lines []line) [][]line {
	all, sum := [][]line{nil}, []line{}
	for _, l := range lines {
		step := l.style == bold && l.text[0] >= '0' && l.text[0] <= '9'
		if step && len(sum) > 0 { // the first one is on a page with what comes before it
			all = append(all, nil)
		}
		page := &all[len(all)-1]
		if code := strings.HasPrefix(l.text, "   │"); code && !shows(*page, l) {
			continue
		}
		if *page = append(*page, l); step || l.style == green || l.style == red {
			sum = append(sum, l)
		}
	}
	return append(all, sum)
}

// shows reports whether a page has room for a line of a configuration: it begins with the first block of this
// provider.
func shows(page []line, l line) bool {
	n := 0
	for _, before := range page {
		if strings.HasPrefix(before.text, "   │") {
			n++
		}
	}
	return n > 0 && n < mostCode || n == 0 && strings.Contains(l.text, `"harnessci_`)
}

// render returns an SVG that shows one page after the other in a loop. What does not move, a still picture or
// a reader who wants no motion, has the last page.
func render(lines []line) string {
	all := pages(lines)
	total := atTheEnd
	for _, page := range all[:len(all)-1] {
		total += perPage + perLine*float64(len(page))
	}
	height, width := titleBar+rows*lineHeight+margin, textWidth+2*margin
	var frames, body strings.Builder
	at := 0.0
	for n, page := range all {
		until := at + perPage + perLine*float64(len(page))
		hidden := "opacity:0;"
		if n == len(all)-1 {
			until, hidden = total, ""
		}
		fmt.Fprintf(&frames, "@keyframes p%d{0%%{opacity:0}%.3f%%{opacity:1}%.3f%%{opacity:%d}}\n.p%d{%sanimation:p%d %.2fs step-end infinite}\n",
			n, 100*at/total, 100*until/total, n/(len(all)-1), n, hidden, n, total)
		at = until
		fmt.Fprintf(&body, "<g class=\"t p%d\">\n", n)
		for i, l := range page[:min(len(page), rows)] {
			fmt.Fprintf(&body, "<text x=\"%d\" y=\"%d\" xml:space=\"preserve\" class=\"%s\">%s</text>\n",
				margin, titleBar+(i+1)*lineHeight-1, classes[l.style], escape.Replace(l.text))
		}
		body.WriteString("</g>\n")
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="make demo, recorded">
<style>
.s{fill:#161b22}.t{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#c9d1d9;white-space:pre}
.b{font-weight:700;fill:#fff}.d{fill:#8b949e}.g{fill:#3fb950}.r{fill:#ff7b72}
%s@media(prefers-reduced-motion:reduce){g{animation:none!important}}
</style>
<rect class="s" width="%d" height="%d" rx="8"/>
<g fill="#30363d"><circle cx="20" cy="16" r="5"/><circle cx="38" cy="16" r="5"/><circle cx="56" cy="16" r="5"/></g>
<text class="t d" x="%d" y="21" text-anchor="middle">make demo</text>
%s</svg>
`, width, height, width, height, frames.String(), width, height, width/2, body.String())
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
