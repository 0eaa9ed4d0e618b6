//go:build unix

package execconfig

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// openSafely follows no link and does not wait for the other end of a pipe.
const openSafely = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// ownedAlone reports whether a folder belongs to this user and nobody else may write to it.
func ownedAlone(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid() && info.Mode().Perm()&0o022 == 0
}

// openParent returns the first parent of a folder in which everybody may replace it; "" if there is none. In a sticky one,
// such as /tmp, only its owner may.
func openParent(dir string) (string, error) {
	parent, err := filepath.EvalSymlinks(filepath.Dir(dir))
	for err == nil {
		info, failed := os.Stat(parent)
		if failed != nil {
			return "", failed
		}
		if info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0 {
			return parent, nil
		}
		if parent == filepath.Dir(parent) {
			return "", nil
		}
		parent = filepath.Dir(parent)
	}
	return "", err
}
