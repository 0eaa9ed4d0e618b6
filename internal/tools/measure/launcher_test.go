//go:build unix

package measure

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestMain(m *testing.M) {
	if exit, launched := Launch(); launched {
		os.Exit(exit)
	}
	os.Exit(m.Run())
}

func TestLauncherNotesWhatItsProviderUses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := &scene{usage: filepath.Join(dir, "usage")}
	if err := os.WriteFile(filepath.Join(dir, "provider"), []byte("#!/bin/sh\nexit 3\n"), 0o700); err != nil { //nolint:gosec // to be run
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		cmd := exec.CommandContext(t.Context(), self) //nolint:gosec // this test
		cmd.Args[0] = filepath.Join("elsewhere", "provider")
		cmd.Env = append(os.Environ(), launchVar+"="+dir, usageVar+"="+s.usage)
		if exit := (*exec.ExitError)(nil); !errors.As(cmd.Run(), &exit) || exit.ExitCode() != 3 {
			t.Fatalf("exit code %d, want the provider's own 3", cmd.ProcessState.ExitCode())
		}
	}
	used, err := s.used()
	if err != nil || len(used) != 2 {
		t.Fatalf("noted %+v, error %v, want two processes", used, err)
	}
	for _, p := range used {
		if p.Peak < 100<<10 || p.Peak > 1<<30 || !p.End.After(p.Start) {
			t.Errorf("noted %+v", p)
		}
	}
	if again, err := s.used(); err != nil || len(again) != 0 {
		t.Errorf("noted again %+v, error %v", again, err)
	}
}
