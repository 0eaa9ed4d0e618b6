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

// parentStart returns when the parent process started, in the system's own unit; "" if that is unknown.
func parentStart() string {
	const startField = 22 - 3 // of those that follow the program's name, which is in parentheses
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", os.Getppid()))
	fields := strings.Fields(string(line[strings.LastIndex(string(line), ")")+1:]))
	if err != nil || len(fields) <= startField {
		return ""
	}
	return fields[startField]
}
