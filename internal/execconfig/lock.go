package execconfig

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// lockPoll is how often a process asks again for a lock that another one holds.
const lockPoll = 10 * time.Millisecond

// fileLock keeps the processes of this machine and user that write to one account apart. It is
// advisory: the operating system releases it when a process dies.
type fileLock struct{ path string }

func newFileLock(dir, key string) fileLock {
	sum := sha256.Sum256([]byte(key))
	return fileLock{filepath.Join(dir, hex.EncodeToString(sum[:])+".lock")}
}

// defaultLockDir is below the user's cache; where there is none, below the temporary directory.
func defaultLockDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = filepath.Join(os.TempDir(), fmt.Sprintf("user-%d", os.Getuid()))
	}
	return filepath.Join(dir, "terraform-provider-harnessci", "locks")
}

// acquire waits until the lock is held and returns what releases it. An error other than the
// context's means that no lock can be had here; release is never nil.
func (l fileLock) acquire(ctx context.Context) (release func(), err error) {
	release = func() {}
	if err := os.MkdirAll(filepath.Dir(l.path), 0o700); err != nil {
		return release, err
	}
	lock := flock.New(l.path)
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		return release, err
	}
	return func() { _ = lock.Close() }, nil
}
