//go:build unix

package main

import (
	_ "embed"
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/dev/copybench"
)

//go:embed report.md.tmpl
var reportTemplate string

var helpers = template.FuncMap{
	"seconds":  func(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) },
	"short":    func(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) },
	"ms":       milliseconds,
	"signed":   signed,
	"mib":      func(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) },
	"mb":       func(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) },
	"sub":      func(a, b time.Duration) time.Duration { return a - b },
	"cell":     cell,
	"listed":   func(names []string) string { return strings.Join(names, ", ") },
	"number":   number,
	"picture":  picture,
	"kb":       func(n int64) string { return fmt.Sprintf("%d kB", n/1000) },
	"heaviest": heaviest,
	"rest":     func(binary int64, modules []module) int64 { return binary - weight(modules) },
	"manifests": func(r copybench.Requests) string {
		return fmt.Sprintf("%d + %d + %d", r.ManifestHead, r.ManifestGet, r.ManifestPut)
	},
}

// signed shows a difference. A negative one is noise.
func signed(d time.Duration) string {
	return fmt.Sprintf("%+d ms", d.Round(time.Millisecond).Milliseconds())
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
		lines = append(lines, counted("request", p.Requests()), fmt.Sprintf("%d stored, %s", p.Stored(), lost))
	}
	return strings.Join(lines, "<br>")
}

// counted returns a number of things.
func counted(thing string, n int) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// picture is a chart in Markdown, in the colours of the reader's page.
func picture(chart, what string) string {
	return fmt.Sprintf("<picture>\n  <source media=\"(prefers-color-scheme: dark)\" srcset=%q>\n  <img alt=%q src=%q>\n</picture>",
		themes[1].file(chart), what, themes[0].file(chart))
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

// light is the size, in bytes, below which a module is not listed by name.
const light = 50_000

// heaviest returns the modules, the light ones together.
func heaviest(modules []module) (out []module) {
	var others []module
	for _, m := range modules {
		if m.Size < light {
			others = append(others, m)
		} else {
			out = append(out, m)
		}
	}
	return append(out, module{fmt.Sprintf("%d others together", len(others)), weight(others)})
}

func weight(modules []module) (sum int64) {
	for _, m := range modules {
		sum += m.Size
	}
	return sum
}
