package provider

import (
	"encoding/binary"
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
