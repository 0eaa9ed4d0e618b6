//go:build unix

package main

import (
	"fmt"
	"os/exec"

	"github.com/harnessci/terraform-provider-harnessci/internal/dev/copybench"
)

// registryProgram runs the registries that images are copied between.
const registryProgram = "docker-registry"

// copies measures copies beside the tools that are on PATH; nil where there is no registry to run.
func (l *lab) copies() *copybench.Results {
	program, err := exec.LookPath(registryProgram)
	if err != nil {
		l.say("no %s on PATH: copies are left out", registryProgram)
		return nil
	}
	r, err := copybench.Measure(l.Context(), copybench.Options{
		Registry: program, Dir: l.TempDir(), Runs: l.runs, Quick: l.quick, Log: func(what string) { l.say("%s", what) },
	})
	l.Check(err)
	return r
}

// copied charts how long copies take and what they send.
func (r results) copied() chart {
	c := chart{
		title: fmt.Sprintf("%d images, copied between two registries", r.Copies.Images),
		note:  "Four at a time, into an empty registry",
		heads: [2]string{"time", "sent, and | the distinct content"},
	}
	var longest, most float64
	for _, t := range r.Copies.Tools {
		longest, most = max(longest, t.Wall().Seconds()), max(most, float64(t.Sent))
	}
	for _, t := range r.Copies.Tools {
		c.rows = append(c.rows, row{t.Name, t.Name == copybench.Ours, [2]bar{
			{value: t.Wall().Seconds(), most: longest, text: fmt.Sprintf("%.1f s", t.Wall().Seconds())},
			{value: float64(t.Sent), least: float64(r.Copies.Distinct), most: most, text: fmt.Sprintf("%.0f MB", float64(t.Sent)/1e6)},
		}})
	}
	return c
}
