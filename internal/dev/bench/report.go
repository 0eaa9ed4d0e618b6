//go:build unix

package main

import (
	_ "embed"
	"fmt"
	"strings"
	"text/template"
	"time"
)

//go:embed report.md.tmpl
var reportTemplate string

var helpers = template.FuncMap{
	"seconds": func(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) },
	"short":   func(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) },
	"ms":      milliseconds,
	"signed":  func(d time.Duration) string { return "+" + milliseconds(d) },
	"mib":     func(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) },
	"mb":      func(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) },
	"sub":     func(a, b time.Duration) time.Duration { return a - b },
	"cell":    cell,
	"listed":  func(names []string) string { return strings.Join(names, ", ") },
	"number":  number,
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}

// number groups the digits of a large count.
func number(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", number(n/1000), n%1000)
}

// cell is what a table says of a point.
func cell(p point) string {
	lines := []string{fmt.Sprintf("%.2f s", p.Wall().Seconds())}
	if p.Least > 0 {
		lines[0] += fmt.Sprintf(", %.2f × the least", p.Wall().Seconds()/p.Least.Seconds())
	}
	switch requests := p.Requests(); {
	case requests == 0: // nothing to store either
	case p.Lost() > 0:
		lines = append(lines, fmt.Sprintf("%d requests", requests),
			fmt.Sprintf("%d stored, **%d lost**", p.Stored(), p.Lost()))
	case requests == 1:
		lines = append(lines, "1 request", fmt.Sprintf("%d stored, 0 lost", p.Stored()))
	default:
		lines = append(lines, fmt.Sprintf("%d requests", requests), fmt.Sprintf("%d stored, 0 lost", p.Stored()))
	}
	return strings.Join(lines, "<br>")
}

// markdown returns the report.
func (r results) markdown() (string, error) {
	t, err := template.New("report").Funcs(helpers).Parse(reportTemplate)
	if err != nil {
		return "", fmt.Errorf("writing the report: %w", err)
	}
	var out strings.Builder
	err = t.Execute(&out, struct {
		results
		StoredChart, CopiedChart string
	}{r, storedChart, copiedChart})
	if err != nil {
		return "", fmt.Errorf("writing the report: %w", err)
	}
	return out.String(), nil
}
