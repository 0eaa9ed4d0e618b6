//go:build !darwin

package provider

import (
	"fmt"
	"os"
	"strings"
)

// parentArgs returns the arguments of the parent process, without the program's name. Linux has them in
// /proc; elsewhere they are unknown.
func parentArgs() (args []string, ok bool) {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", os.Getppid()))
	if err != nil || len(line) == 0 {
		return nil, false
	}
	return strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")[1:], true
}
