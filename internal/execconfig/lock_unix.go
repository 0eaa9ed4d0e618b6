//go:build unix

package execconfig

import (
	"io/fs"
	"os"
	"syscall"
)

// openSafely follows no link and does not wait for the other end of a pipe.
const openSafely = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// ownedAlone reports whether a folder belongs to this user and nobody else may write to it.
func ownedAlone(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid() && info.Mode().Perm()&0o022 == 0
}
