//go:build unix

package main

import (
	"os/exec"

	"github.com/harnessci/terraform-provider-harnessci/internal/dev/copybench"
)

// registryProgram runs the registries that images are copied between.
const registryProgram = "docker-registry"

// copies measures copies next to the tools on PATH; nil without a registry to run.
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
