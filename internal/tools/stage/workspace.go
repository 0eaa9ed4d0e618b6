//go:build unix

package stage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/tools/cli"
)

// Workspace is a folder with a configuration, and the CLI that runs it.
type Workspace struct {
	CLI  cli.CLI
	Dir  string
	fake *Fake
	env  []string
}

// NewWorkspace makes dir, with a CLI configuration that takes each provider, such as
// "harnessci/harnessci", from a folder of this machine, so that no init and no registry is needed.
// The fake is what the provider talks to; nil for none. The extra variables are NAME=value.
func NewWorkspace(c cli.CLI, dir string, fake *Fake, providers map[string]string, extra ...string) (*Workspace, error) {
	w := &Workspace{CLI: c, Dir: dir, fake: fake}
	var overrides bytes.Buffer
	for source, folder := range providers {
		fmt.Fprintf(&overrides, "    %q = %q\n", source, folder)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the workspace: %w", err)
	}
	err := w.Write("cli.tfrc", []byte("provider_installation {\n  dev_overrides {\n"+overrides.String()+"  }\n}\n"))
	if fake != nil {
		extra = append(fake.Environ(), extra...)
	}
	w.env = cli.Environ(filepath.Join(dir, "cli.tfrc"), extra...)
	return w, err
}

// Write puts a file into the workspace.
func (w *Workspace) Write(name string, content []byte) error {
	if err := os.WriteFile(filepath.Join(w.Dir, name), content, 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// Result is what a run of the CLI came to.
type Result struct {
	Args     []string
	Exit     int
	Output   string // of stdout
	Requests Requests
	Wall     time.Duration
	State    *os.ProcessState // with the use of the CLI's own children
}

// Run runs the CLI; exit codes other than 0 and 2 ("there are changes") are errors.
func (w *Workspace) Run(ctx context.Context, args ...string) (Result, error) {
	before, err := w.requests()
	if err != nil {
		return Result{}, err
	}
	cmd := command(ctx, w.CLI.Path, args...)
	cmd.Dir, cmd.Env = w.Dir, w.env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	err = cmd.Run()
	r := Result{Args: args, Output: stdout.String(), Wall: time.Since(start), State: cmd.ProcessState}
	endGroup(cmd)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 2 {
		r.Exit, err = 2, nil
	}
	if err != nil {
		return r, fmt.Errorf("%s %s: %w\n%s%s", w.CLI.Product, args[0], err, &stdout, &stderr)
	}
	after, err := w.requests()
	if err == nil {
		r.Requests = after[len(before):]
	}
	return r, err
}

func (w *Workspace) requests() (Requests, error) {
	if w.fake == nil {
		return nil, nil
	}
	return w.fake.Requests()
}

// Output reads an output value of the configuration into out.
func (w *Workspace) Output(ctx context.Context, name string, out any) error {
	r, err := w.Run(ctx, "output", "-json", name)
	if err == nil {
		err = json.Unmarshal([]byte(r.Output), out)
	}
	if err != nil {
		return fmt.Errorf("output %s: %w", name, err)
	}
	return nil
}
