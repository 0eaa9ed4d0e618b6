//go:build unix

package main

import (
	"context"
	"embed"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/tools/cli"
	"github.com/harnessci/terraform-provider-harnessci/internal/tools/stage"
)

//go:embed config/*.tf
var configFiles embed.FS

// workspace is a folder in which the CLI runs against the fake, on the screen.
type workspace struct {
	*stage.Workspace
	fake *stage.Fake
	out  *screen
	runs []result // what show ran
}

// newWorkspace makes a workspace below dir; bin holds the built provider.
func newWorkspace(c cli.CLI, bin, dir string, fake *stage.Fake, out *screen) (*workspace, error) {
	w, err := stage.NewWorkspace(c, filepath.Join(dir, "work"), fake, map[string]string{"harnessci/harnessci": bin})
	return &workspace{Workspace: w, fake: fake, out: out}, err
}

// add puts a configuration file into the workspace.
func (w *workspace) add(name string) error {
	content, err := configFiles.ReadFile("config/" + name)
	if err != nil {
		return fmt.Errorf("adding %s: %w", name, err)
	}
	return w.Write(name, content)
}

// result is what a run of the CLI came to.
type result struct{ stage.Result }

// show runs the CLI and shows the command and what matters of its output.
func (w *workspace) show(ctx context.Context, args ...string) (result, error) {
	w.out.command(append([]string{string(w.CLI.Product)}, args...)...)
	r, err := w.run(ctx, append(args, "-input=false", "-no-color")...)
	if err != nil {
		return r, err
	}
	w.runs = append(w.runs, r)
	// The plan within an apply was shown when it was planned.
	if lines := condense(r.Output); args[0] == "plan" {
		w.out.lines(lines)
	} else {
		w.out.lines(lines[max(0, len(lines)-1):])
	}
	return r, nil
}

// run runs the CLI without showing it.
func (w *workspace) run(ctx context.Context, args ...string) (result, error) {
	r, err := w.Run(ctx, args...)
	return result{r}, err
}

// matters are the lines of a CLI's output that the demo shows.
var matters = regexp.MustCompile(`^(# harnessci_.*|~ value .* -> .*|- "\w+" .* -> null|(Plan|No changes|Apply complete|Destroy complete)[:.!].*)$`)

// condense returns the lines that matter, without their indentation.
func condense(output string) []string {
	var lines []string
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); matters.MatchString(line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// changes is a number of resources to create, update and destroy.
type changes struct{ add, change, destroy int }

var planned = regexp.MustCompile(`(?m)^Plan: .*?(\d+) to add, (\d+) to change, (\d+) to destroy`)

// planned returns what a plan's summary says.
func (r result) planned() changes {
	m := planned.FindStringSubmatch(r.Output)
	if m == nil {
		return changes{}
	}
	number := func(s string) int { n, _ := strconv.Atoi(s); return n } // the pattern has digits alone
	return changes{number(m[1]), number(m[2]), number(m[3])}
}
