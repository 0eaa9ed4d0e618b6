//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// What makes this program a launcher: the real provider, and the folder for its notes.
const (
	launchVar = "HARNESSCI_BENCH_LAUNCH"
	usageVar  = "HARNESSCI_BENCH_USAGE"
)

// process is what one process of a provider used. The kernel counts it, so that nothing is missed.
type process struct {
	Start, End time.Time
	CPU        time.Duration
	Peak       int64 // resident memory in bytes, including shared memory
}

// launch is the launcher, if this program was started as one: it runs the provider, records what that used,
// and returns the exit code.
func launch() (exit int, launched bool) {
	provider := os.Getenv(launchVar)
	if provider == "" {
		return 0, false
	}
	cmd := exec.CommandContext(context.Background(), provider, os.Args[1:]...) //nolint:gosec // the built provider
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	start := time.Now()
	err := cmd.Run()
	if state := cmd.ProcessState; state != nil {
		used := process{start, time.Now(), state.UserTime() + state.SystemTime(), peak(state)}
		if err = used.note(); err == nil {
			return state.ExitCode(), true
		}
	}
	fmt.Fprintln(os.Stderr, "bench launcher:", err)
	return 1, true
}

// note writes a separate file.
func (p process) note() error {
	content, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(os.Getenv(usageVar), fmt.Sprint(os.Getpid())), content, 0o600)
}

// peak returns the peak resident memory of a process, in bytes.
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

// used returns what the launcher has recorded since the last call.
func (s *scene) used() processes {
	notes, err := filepath.Glob(filepath.Join(s.usage, "*"))
	s.Check(err)
	out := make(processes, len(notes))
	for i, note := range notes {
		content, err := os.ReadFile(note) //nolint:gosec // in the scene's own folder
		s.Check(err)
		s.Check(json.Unmarshal(content, &out[i]))
		s.Check(os.Remove(note))
	}
	return out
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
