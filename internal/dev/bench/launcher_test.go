//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/dev/script"
)

// TestMain runs the tests, or what this binary was started as: the launcher, or the vendor's stand-in.
func TestMain(m *testing.M) {
	if exit, launched := launch(); launched {
		os.Exit(exit)
	}
	if _, binary := vendor.provider(); filepath.Base(os.Args[0]) == binary {
		serveStandIn()
		return
	}
	os.Exit(m.Run())
}

func TestLauncherNotesWhatItsProviderUses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	provider := filepath.Join(dir, "provider")
	if err := os.WriteFile(provider, []byte("#!/bin/sh\nexit 3\n"), 0o700); err != nil { //nolint:gosec // to be run
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	usage := t.TempDir()
	for range 2 {
		cmd := exec.CommandContext(t.Context(), self) //nolint:gosec // this test
		cmd.Env = append(os.Environ(), launchVar+"="+provider, usageVar+"="+usage)
		if exit := (*exec.ExitError)(nil); !errors.As(cmd.Run(), &exit) || exit.ExitCode() != 3 {
			t.Fatalf("exit code %d, want the provider's own 3", cmd.ProcessState.ExitCode())
		}
	}
	script.Run("test", func(in *script.T) {
		s := &scene{T: in, usage: usage}
		used := s.used()
		if len(used) != 2 {
			t.Fatalf("noted %+v, want two processes", used)
		}
		for _, p := range used {
			if p.Peak < 100<<10 || p.Peak > 1<<30 || !p.End.After(p.Start) {
				t.Errorf("noted %+v", p)
			}
		}
		if again := s.used(); len(again) != 0 {
			t.Errorf("noted again %+v", again)
		}
	})
}

func TestProcesses(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	p := processes{
		{Start: at(0), End: at(10), CPU: 1, Peak: 5},
		{Start: at(1), End: at(2), CPU: 2, Peak: 9},
		{Start: at(3), End: at(11), CPU: 4, Peak: 7},
		{Start: at(9), End: at(12), CPU: 8, Peak: 1},
	}
	if p.cpu() != 15 || p.peak() != 9 || p.atOnce() != 3 {
		t.Errorf("got %d of processor time, a peak of %d and %d at once, want 15, 9 and 3", p.cpu(), p.peak(), p.atOnce())
	}
}
