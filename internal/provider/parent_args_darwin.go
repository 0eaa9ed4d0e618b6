package provider

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// parentArgs returns the arguments of the parent process, without the program's name. The system's answer
// is their number, the program's path, padding, and then the arguments, the name first.
func parentArgs() (args []string, ok bool) {
	answer, err := unix.SysctlRaw("kern.procargs2", os.Getppid())
	if err != nil || len(answer) < 4 {
		return nil, false
	}
	count := int(binary.LittleEndian.Uint32(answer))
	_, padded, _ := strings.Cut(string(answer[4:]), "\x00")
	words := strings.Split(strings.TrimLeft(padded, "\x00"), "\x00")
	if count < 1 || len(words) < count {
		return nil, false
	}
	return words[1:count], true
}

// parentStart returns when the parent process started; "" if that is unknown.
func parentStart() string {
	info, err := unix.SysctlKinfoProc("kern.proc.pid", os.Getppid())
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d.%06d", info.Proc.P_starttime.Sec, info.Proc.P_starttime.Usec)
}
