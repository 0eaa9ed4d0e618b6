package main

import (
	_ "embed"
	"strings"
	"text/template"
)

// What fits into the window, whose size the template has: rows, and their heights in pixels.
const (
	rows       = 22
	lineHeight = 19
	titleBar   = 30
)

// perPage is how long a page stays, in seconds.
const perPage = 2.6

// mostCode is how many lines of a configuration a page shows.
const mostCode = 6

// classes are the styles' names in the style sheet.
var classes = map[style]string{bold: "b", dim: "d", green: "g", red: "r"}

// pages splits what was printed into its steps, and shortens them. The last page has each step's title and
// what was verified in it.
func pages(lines []line) [][]line {
	all, sum := [][]line{nil}, []line{}
	for _, l := range lines {
		step := l.Style == bold && l.Text[0] >= '0' && l.Text[0] <= '9'
		if step && len(sum) > 0 { // the first one is on a page with what comes before it
			all = append(all, nil)
		}
		page := &all[len(all)-1]
		if code := strings.HasPrefix(l.Text, "   │"); code && !shows(*page, l) {
			continue
		}
		if *page = append(*page, l); step || l.Style == green || l.Style == red {
			sum = append(sum, l)
		}
	}
	all = append(all, sum)
	for n := range all {
		all[n] = all[n][:min(len(all[n]), rows)]
	}
	return all
}

// shows reports whether a page has room for a line of a configuration: it begins with the first block of this
// provider.
func shows(page []line, l line) bool {
	n := 0
	for _, before := range page {
		if strings.HasPrefix(before.Text, "   │") {
			n++
		}
	}
	return n > 0 && n < mostCode || n == 0 && strings.Contains(l.Text, `"harnessci_`)
}

//go:embed recording.svg.tmpl
var picture string

// render returns an SVG that shows one page after the other in a loop. What does not move, a still picture or
// a reader who wants no motion, has the last page.
func render(lines []line) (string, error) {
	all := pages(lines)
	t, err := template.New("").Funcs(template.FuncMap{
		"last":  func(n int) bool { return n == len(all)-1 },
		"y":     func(row int) int { return titleBar + (row+1)*lineHeight - 1 },
		"class": func(s style) string { return classes[s] },
		"round": func() float64 { return perPage * float64(len(all)) },
		"share": func() float64 { return 100 / float64(len(all)) },
		"ahead": func(n int) float64 { return perPage * float64(len(all)-n) },
	}).Parse(picture)
	var out strings.Builder
	if err == nil {
		err = t.Execute(&out, all)
	}
	return out.String(), err
}
