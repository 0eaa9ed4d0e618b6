//go:build unix

// Package stage sets up what the demo and the measurements play on: the fake API as a process of its
// own, and a folder with a configuration in which a real CLI runs the built provider against it.
package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"github.com/harnessci/terraform-provider-harnessci/internal/tools/cli"
)

// Fake is a running fakeharness command.
type Fake struct {
	// Env is what points the provider at it.
	Env map[string]string

	binary string
	cmd    *exec.Cmd
	log    *os.File // one line per request, written before the request is answered
}

// StartFake starts the fake with the flags, on a free port; its request log goes to the file. Only
// Stop ends it: a CLI that is being interrupted still has its server.
func StartFake(ctx context.Context, binary, logFile string, flags ...string) (*Fake, error) {
	log, err := os.Create(logFile) //nolint:gosec // in the caller's own folder
	if err != nil {
		return nil, fmt.Errorf("making the request log: %w", err)
	}
	cmd := command(context.WithoutCancel(ctx), binary, append([]string{"-addr", "127.0.0.1:0", "-v"}, flags...)...)
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the fake: %w", err), log.Close())
	}
	f := &Fake{binary: binary, cmd: cmd, log: log}
	exports, err := io.ReadAll(stdout) // it closes stdout once it listens
	f.Env = parseExports(string(exports))
	if err == nil && f.Env["HARNESS_ENDPOINT"] == "" {
		err = errors.New("it names no endpoint")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the fake: %w", err), f.Stop())
	}
	return f, nil
}

// parseExports reads shell lines such as export NAME='value', of values without quotes.
func parseExports(lines string) map[string]string {
	env := map[string]string{}
	for line := range strings.Lines(lines) {
		if assignment, ok := strings.CutPrefix(strings.TrimSpace(line), "export "); ok {
			name, value, _ := strings.Cut(assignment, "=")
			env[name] = strings.Trim(value, "'")
		}
	}
	return env
}

// Environ returns Env as NAME=value.
func (f *Fake) Environ() []string {
	out := make([]string, 0, len(f.Env))
	for name, value := range f.Env {
		out = append(out, name+"="+value)
	}
	return out
}

// Stop ends the fake and returns an error where it did not end well.
func (f *Fake) Stop() error {
	err := f.cmd.Process.Signal(syscall.SIGTERM)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	err = errors.Join(err, f.cmd.Wait(), f.log.Close())
	endGroup(f.cmd)
	if err != nil {
		return fmt.Errorf("stopping the fake: %w", err)
	}
	return nil
}

// Call runs a subcommand of the fake on the running one: show, set, unset.
func (f *Fake) Call(ctx context.Context, args ...string) (string, error) {
	return f.call(ctx, f.Environ(), args...)
}

func (f *Fake) call(ctx context.Context, env []string, args ...string) (string, error) {
	cmd := command(ctx, f.binary, args...)
	cmd.Env = cli.Environ(os.DevNull, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("fakeharness %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// Overrides returns what the account that Env names stores for a scope such as ci/K8: field -> image.
func (f *Fake) Overrides(ctx context.Context, scope string) (map[string]string, error) {
	return f.OverridesOf(ctx, f.Env["HARNESS_ACCOUNT_ID"], scope)
}

// OverridesOf is Overrides for any account.
func (f *Fake) OverridesOf(ctx context.Context, account, scope string) (map[string]string, error) {
	out, err := f.call(ctx, append(f.Environ(), "HARNESS_ACCOUNT_ID="+account), "show", scope)
	if err != nil {
		return nil, err
	}
	images := map[string]string{}
	for line := range strings.Lines(out) {
		field, quoted, _ := strings.Cut(strings.TrimSpace(line), " = ")
		if images[field], err = strconv.Unquote(quoted); err != nil {
			return nil, fmt.Errorf("fakeharness show: line %q: %w", line, err)
		}
	}
	return images, nil
}

// Requests returns every request so far, in the order of their answers.
func (f *Fake) Requests() (Requests, error) {
	log, err := os.ReadFile(f.log.Name())
	if err != nil {
		return nil, fmt.Errorf("reading the request log: %w", err)
	}
	return parseLog(string(log)), nil
}
