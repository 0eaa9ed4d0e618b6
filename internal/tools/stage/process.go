//go:build unix

package stage

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// command prepares a process in a group of its own: a Ctrl-C at the terminal reaches it once, through
// ctx, which a CLI takes as "end gracefully"; a second would make it leave its providers running.
func command(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...) //nolint:gosec // the CLI and the fake, found or built
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// endGroup ends what a command that has ended left running.
func endGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // no such group is what is hoped for
	}
}
