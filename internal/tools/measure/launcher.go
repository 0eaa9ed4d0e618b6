//go:build unix

package measure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// What makes this program a launcher: the folder of the real providers, and the file to note in.
const (
	launchVar = "HARNESSCI_BENCH_LAUNCH"
	usageVar  = "HARNESSCI_BENCH_USAGE"
)

// process is what one process of a provider used. The kernel counts it, so that nothing is missed.
type process struct {
	Start, End time.Time
	CPU        time.Duration
	Peak       int64 // resident memory in bytes, what it shares with others included
}

// Launch does what a launcher is for, when this program was started as one: it runs the provider of
// its own name and notes what that used. It returns the exit code.
func Launch() (exit int, launched bool) {
	dir := os.Getenv(launchVar)
	if dir == "" {
		return 0, false
	}
	cmd := exec.CommandContext(context.Background(), filepath.Join(dir, filepath.Base(os.Args[0])), os.Args[1:]...) //nolint:gosec // the built provider
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	start := time.Now()
	err := cmd.Run()
	if cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, "bench launcher:", err)
		return 1, true
	}
	if err := note(cmd.ProcessState, start); err != nil {
		fmt.Fprintln(os.Stderr, "bench launcher:", err)
		return 1, true
	}
	return cmd.ProcessState.ExitCode(), true
}

// note appends one line, in one write, so that lines of parallel launchers stay whole.
func note(state *os.ProcessState, start time.Time) error {
	line, err := json.Marshal(process{start, time.Now(), state.UserTime() + state.SystemTime(), peak(state)})
	if err != nil {
		return err
	}
	file, err := os.OpenFile(os.Getenv(usageVar), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Close())
}

// peak returns the most memory that a process had resident, in bytes.
func peak(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(usage.Maxrss) //nolint:unconvert // 32 bits on some platforms
	}
	return int64(usage.Maxrss) << 10 //nolint:unconvert // 32 bits on some platforms
}

// processes are the provider's processes of a run.
type processes []process

// used returns what the launcher has noted since the last call.
func (s *scene) used() (processes, error) {
	lines, err := os.ReadFile(s.usage)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading what the launcher noted: %w", err)
	}
	var out processes
	for line := range strings.Lines(string(lines)) {
		var p process
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			return nil, fmt.Errorf("reading what the launcher noted: %w", err)
		}
		out = append(out, p)
	}
	return out, os.Remove(s.usage)
}

// cpu returns the processor time of all.
func (p processes) cpu() time.Duration {
	var sum time.Duration
	for _, q := range p {
		sum += q.CPU
	}
	return sum
}

// peak returns the most memory that any had.
func (p processes) peak() int64 {
	var most int64
	for _, q := range p {
		most = max(most, q.Peak)
	}
	return most
}

// atOnce returns the most processes that ran at the same time.
func (p processes) atOnce() int {
	type event struct {
		at   time.Time
		step int
	}
	var events []event
	for _, q := range p {
		events = append(events, event{q.Start, 1}, event{q.End, -1})
	}
	slices.SortFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	running, most := 0, 0
	for _, e := range events {
		running += e.step
		most = max(most, running)
	}
	return most
}
