//go:build unix

package clitest

import (
	"errors"
	"syscall"
)

func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func signalGroup(leader int, signal syscall.Signal) error {
	if err := syscall.Kill(-leader, signal); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}
