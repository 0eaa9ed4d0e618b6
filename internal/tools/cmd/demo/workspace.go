//go:build unix

package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/tools/cli"
)

//go:embed config/*.tf
var configFiles embed.FS

// workspace is a folder with a configuration, and the CLI that runs it against the fake.
type workspace struct {
	cli  cli.CLI
	dir  string
	env  []string
	fake *fake
	out  *screen
	runs []result // what show ran
}

// newWorkspace makes dir, with a CLI configuration that takes the provider from bin, so that no
// init and no registry is needed.
func newWorkspace(c cli.CLI, bin, dir string, server *fake, out *screen) (*workspace, error) {
	config := filepath.Join(dir, "cli.tfrc")
	content := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"harnessci/harnessci\" = %q\n  }\n}\n", bin)
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		err = os.WriteFile(config, []byte(content), 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("making the workspace: %w", err)
	}
	return &workspace{cli: c, dir: dir, env: cli.Environ(config, server.environ()...), fake: server, out: out}, nil
}

// add puts a configuration file into the workspace.
func (w *workspace) add(name string) error {
	content, err := configFiles.ReadFile("config/" + name)
	if err == nil {
		err = os.WriteFile(filepath.Join(w.dir, name), content, 0o600)
	}
	if err != nil {
		return fmt.Errorf("adding %s: %w", name, err)
	}
	return nil
}

// result is what a run of the CLI came to.
type result struct {
	args     []string
	exit     int
	output   string
	requests tally
}

// show runs the CLI and shows the command and what matters of its output.
func (w *workspace) show(ctx context.Context, args ...string) (result, error) {
	w.out.command(append([]string{string(w.cli.Product)}, args...)...)
	r, err := w.run(ctx, append(args, "-input=false", "-no-color")...)
	if err != nil {
		return r, err
	}
	w.runs = append(w.runs, r)
	// The plan within an apply was shown when it was planned.
	if lines := condense(r.output); args[0] == "plan" {
		w.out.lines(lines)
	} else {
		w.out.lines(lines[max(0, len(lines)-1):])
	}
	return r, nil
}

// run runs the CLI; exit codes other than 0 and 2 ("there are changes") are errors.
func (w *workspace) run(ctx context.Context, args ...string) (result, error) {
	before, err := w.fake.requests()
	if err != nil {
		return result{}, err
	}
	cmd := command(ctx, w.cli.Path, args...)
	cmd.Dir, cmd.Env = w.dir, w.env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	endGroup(cmd)
	r := result{args: args, output: stdout.String()}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 2 {
		r.exit, err = 2, nil
	}
	if err != nil {
		return r, fmt.Errorf("%s %s: %w\n%s%s", w.cli.Product, args[0], err, &stdout, &stderr)
	}
	after, err := w.fake.requests()
	r.requests = after.since(before)
	return r, err
}

// output reads an output value of the configuration into out.
func (w *workspace) output(ctx context.Context, name string, out any) error {
	r, err := w.run(ctx, "output", "-json", name)
	if err == nil {
		err = json.Unmarshal([]byte(r.output), out)
	}
	if err != nil {
		return fmt.Errorf("output %s: %w", name, err)
	}
	return nil
}

// matters are the lines of a CLI's output that the demo shows.
var matters = regexp.MustCompile(`^(# harnessci_.*|~ value .* -> .*|(Plan|No changes|Apply complete|Destroy complete)[:.!].*)$`)

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
	m := planned.FindStringSubmatch(r.output)
	if m == nil {
		return changes{}
	}
	number := func(s string) int { n, _ := strconv.Atoi(s); return n } // the pattern has digits alone
	return changes{number(m[1]), number(m[2]), number(m[3])}
}
