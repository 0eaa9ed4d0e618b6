//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"syscall"

	"github.com/harnessci/terraform-provider-harnessci/internal/tools/cli"
)

// latency is what makes parallel writes overlap, as they do on the real server.
const latency = "100ms"

// fake is a running fakeharness command.
type fake struct {
	binary string
	cmd    *exec.Cmd
	log    *os.File          // one line per request, written before the request is answered
	env    map[string]string // what points the provider at it
}

// startFake starts the fake on a free port; its request log goes to the file.
func startFake(ctx context.Context, binary, logFile string) (*fake, error) {
	log, err := os.Create(logFile) //nolint:gosec // in the demo's own folder
	if err != nil {
		return nil, fmt.Errorf("making the request log: %w", err)
	}
	// Ended by stop alone, so that a CLI that is being interrupted still has its server.
	cmd := command(context.WithoutCancel(ctx), binary, "-addr", "127.0.0.1:0", "-latency", latency, "-v")
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the fake: %w", err), log.Close())
	}
	f := &fake{binary: binary, cmd: cmd, log: log}
	exports, err := io.ReadAll(stdout) // it closes stdout once it listens
	f.env = parseExports(string(exports))
	if err == nil && f.env["HARNESS_ENDPOINT"] == "" {
		err = errors.New("it names no endpoint")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the fake: %w", err), f.stop())
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

// environ returns env as NAME=value.
func (f *fake) environ() []string {
	out := make([]string, 0, len(f.env))
	for name, value := range f.env {
		out = append(out, name+"="+value)
	}
	return out
}

// stop ends the fake and returns an error where it did not end well.
func (f *fake) stop() error {
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

// call runs a subcommand of the fake on the running one: show, set, unset.
func (f *fake) call(ctx context.Context, args ...string) (string, error) {
	cmd := command(ctx, f.binary, args...)
	cmd.Env = cli.Environ(os.DevNull, f.environ()...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("fakeharness %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// overrides returns what the server stores for the scope: field -> image.
func (f *fake) overrides(ctx context.Context, scope string) (map[string]string, error) {
	out, err := f.call(ctx, "show", scope)
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

// tally is a number of requests by call, such as "update-config".
type tally map[string]int

// requests returns the tally of all requests so far.
func (f *fake) requests() (tally, error) {
	log, err := os.ReadFile(f.log.Name())
	if err != nil {
		return nil, fmt.Errorf("reading the request log: %w", err)
	}
	return parseLog(string(log)), nil
}

// parseLog reads lines such as: 12:00:00 POST "/gateway/ci/execution-config/update-config" ci/K8 200 …
func parseLog(log string) tally {
	t := tally{}
	for line := range strings.Lines(log) {
		if _, quoted, ok := strings.Cut(line, ` "`); ok {
			url, _, _ := strings.Cut(quoted, `"`)
			t[path.Base(url)]++
		}
	}
	return t
}

// since returns the requests that t has more than before.
func (t tally) since(before tally) tally {
	diff := maps.Clone(t)
	for call, n := range before {
		diff[call] -= n
	}
	return diff
}

// writes returns the number of requests that change something.
func (t tally) writes() int { return t["update-config"] + t["reset-config"] }

// reads returns the number of requests that change nothing.
func (t tally) reads() int {
	n := 0
	for _, count := range t {
		n += count
	}
	return n - t.writes()
}
