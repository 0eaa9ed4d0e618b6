// Package clitest runs a real Terraform or OpenTofu CLI on the built provider, in separate processes as for
// a user. It is for tests that need two provider processes or exact request counts, the demo and the
// benchmarks; for all else, terraform-plugin-testing's in-process server is simpler.
package clitest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// What `make test` sets: the CLI to run and the folder that holds the built provider.
const (
	cliEnv      = "TF_ACC_TERRAFORM_PATH"
	providerEnv = "HARNESSCI_TEST_PROVIDER_DIR"
)

// TB is what this package and the fakes need of a [testing.TB]; commands have their own.
type TB interface {
	Helper()
	Skip(args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	TempDir() string
	Cleanup(f func())
	Context() context.Context
}

// Dir is a folder with a configuration in which the CLI runs.
type Dir struct {
	Timeout time.Duration // of a run, after which it is interrupted; five minutes unless changed
	Group   bool          // give runs a process group of their own, as CI systems do: see SignalGroup

	tb        TB
	path      string
	env       []string
	overrides map[string]string // provider's source -> folder
}

// Require skips a test if acceptance tests are off, and fails it if they are on without a CLI or a built
// provider.
func Require(tb TB) {
	tb.Helper()
	if os.Getenv("TF_ACC") == "" {
		tb.Skip("acceptance tests are off: make test sets TF_ACC")
	}
	for _, name := range []string{cliEnv, providerEnv} {
		if os.Getenv(name) == "" {
			tb.Fatalf("%s is not set: run the tests with make test", name)
		}
	}
}

// New returns a Dir with the configuration as main.tf, adding the provider's source if it is missing, and
// with env, such as the HARNESS_* variables. It calls Require first.
func New(tb TB, config string, env map[string]string) *Dir {
	tb.Helper()
	Require(tb)
	d := &Dir{tb: tb, path: tb.TempDir(), overrides: map[string]string{}, Timeout: 5 * time.Minute}
	d.Write("main.tf", config)
	if !strings.Contains(config, "required_providers") {
		d.Write("versions.tf", "terraform {\n  required_providers {\n    harnessci = {\n      source = \"harnessci/harnessci\"\n    }\n  }\n}\n")
	}
	d.Override("harnessci/harnessci", os.Getenv(providerEnv))
	ofOthers := func(entry string) bool {
		return strings.HasPrefix(entry, "TF_") || strings.HasPrefix(entry, "HARNESS_")
	}
	d.env = append(slices.DeleteFunc(os.Environ(), ofOthers), // they would affect the CLI or the provider
		"HARNESSCI_VERIFY_IMAGES=off", // images of tests are in no registry
		"TF_CLI_CONFIG_FILE="+filepath.Join(d.path, "cli.tfrc"), "TF_IN_AUTOMATION=1", "TF_INPUT=0", "CHECKPOINT_DISABLE=1")
	for name, value := range env {
		d.env = append(d.env, name+"="+value)
	}
	return d
}

// Path returns the path of a file in the folder.
func (d *Dir) Path(name string) string { return filepath.Join(d.path, name) }

// Write puts a file into the folder.
func (d *Dir) Write(name, content string) {
	d.tb.Helper()
	if err := os.WriteFile(d.Path(name), []byte(content), 0o600); err != nil {
		d.tb.Fatal(err)
	}
}

// Read returns a file of the folder.
func (d *Dir) Read(name string) string {
	d.tb.Helper()
	content, err := os.ReadFile(d.Path(name))
	if err != nil {
		d.tb.Fatal(err)
	}
	return string(content)
}

// State returns the state, indented the same way whichever CLI wrote it.
func (d *Dir) State() string {
	d.tb.Helper()
	var spaced bytes.Buffer
	if err := json.Indent(&spaced, []byte(d.Read("terraform.tfstate")), "", "  "); err != nil {
		d.tb.Fatal(err)
	}
	return spaced.String()
}

// Override makes the CLI take a provider, such as "harnessci/harnessci", from a local folder.
func (d *Dir) Override(source, folder string) {
	d.tb.Helper()
	d.overrides[source] = folder
	var lines strings.Builder
	for source, folder := range d.overrides {
		fmt.Fprintf(&lines, "    %q = %q\n", source, folder)
	}
	d.Write("cli.tfrc", "provider_installation {\n  dev_overrides {\n"+lines.String()+"  }\n}\n")
}

// Setenv sets a variable for later runs, overriding New's.
func (d *Dir) Setenv(name, value string) { d.env = append(d.env, name+"="+value) }

// Result is what one run of the CLI printed, both streams together, and how it ended.
type Result struct {
	Output string
	Code   int
	Wall   time.Duration
	State  *os.ProcessState
}

// Run runs the CLI and waits for its end, successful or not.
func (d *Dir) Run(args ...string) Result {
	d.tb.Helper()
	return d.Start(args...).Wait()
}

// Must runs the CLI and fails the test unless it exits with 0. It returns what was printed.
func (d *Dir) Must(args ...string) string {
	d.tb.Helper()
	result := d.Run(args...)
	if result.Code != 0 {
		d.tb.Fatalf("%s exited with %d:\n%s", strings.Join(args, " "), result.Code, result.Output)
	}
	return result.Output
}

// Process is a run of the CLI in progress.
type Process struct {
	tb     TB
	cmd    *exec.Cmd
	start  time.Time
	output *strings.Builder
	cancel context.CancelFunc
}

// Start runs the CLI without waiting for it. It is interrupted after Timeout, and when the test ends.
func (d *Dir) Start(args ...string) *Process {
	d.tb.Helper()
	args = append([]string{args[0], "-no-color"}, args[1:]...)
	ctx, cancel := context.WithTimeout(d.tb.Context(), d.Timeout)
	p := &Process{tb: d.tb, start: time.Now(), cancel: cancel, output: &strings.Builder{}}
	p.cmd = exec.CommandContext(ctx, os.Getenv(cliEnv), args...) //nolint:gosec // the CLI under test
	// A CLI that is killed leaves its providers running.
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(os.Interrupt) }
	p.cmd.WaitDelay = 10 * time.Second
	p.cmd.Dir, p.cmd.Env = d.path, d.env
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if d.Group {
		p.cmd.SysProcAttr = ownGroup()
	}
	if err := p.cmd.Start(); err != nil {
		cancel()
		d.tb.Fatal(err)
	}
	return p
}

// Signal sends a signal to the CLI alone: SIGINT is what Ctrl-C does, and SIGKILL leaves its providers running. It does
// nothing after the run has ended.
func (p *Process) Signal(signal syscall.Signal) {
	p.tb.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.tb.Fatal(err)
	}
}

// SignalGroup sends a signal to the CLI and its providers at once, SIGTERM as a CI system does that cancels a job. The
// run must have a Group. It does nothing after the run has ended.
func (p *Process) SignalGroup(signal syscall.Signal) {
	p.tb.Helper()
	if err := signalGroup(p.cmd.Process.Pid, signal); err != nil {
		p.tb.Fatal(err)
	}
}

// Wait returns the result once the CLI has ended.
func (p *Process) Wait() Result {
	p.tb.Helper()
	defer p.cancel()
	err := p.cmd.Wait()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		p.tb.Fatal(err)
	}
	state := p.cmd.ProcessState
	return Result{Output: p.output.String(), Code: state.ExitCode(), Wall: time.Since(p.start), State: state}
}
