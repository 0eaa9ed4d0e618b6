package execconfig

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

const (
	// lockPoll is how often a process tries again to take a lock.
	lockPoll = 10 * time.Millisecond
	// lockPatience is how long a wait for the lock may last before it is reported.
	lockPatience = 5 * time.Second
)

// fileLock makes the processes of this user on this machine take turns to write to one account. It is
// advisory: the operating system releases it when a process dies. The file says who holds it.
type fileLock struct{ path string }

func newFileLock(dir, key string) fileLock {
	sum := sha256.Sum256([]byte(key))
	return fileLock{filepath.Join(dir, hex.EncodeToString(sum[:])+".lock")}
}

// newFileLocks returns the lock in a folder or, without one, where it may be: in the user's cache and, if that
// cannot be used, directly in the temporary directory, where nobody else can replace it.
func newFileLocks(dir, key string) []fileLock {
	if dir != "" {
		return []fileLock{newFileLock(dir, key)}
	}
	var locks []fileLock
	if cache, err := os.UserCacheDir(); err == nil {
		locks = append(locks, newFileLock(filepath.Join(cache, "terraform-provider-harnessci", "locks"), key))
	}
	last := filepath.Join(os.TempDir(), fmt.Sprintf("terraform-provider-harnessci-%d", os.Getuid()))
	return append(locks, newFileLock(last, key))
}

// open returns the lock, not taken yet. It fails unless the folder belongs to the user alone, nobody else can replace
// it, and the file is a regular one.
func (l fileLock) open() (*flock.Flock, error) {
	dir := filepath.Dir(l.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() || !ownedAlone(info) {
		return nil, fmt.Errorf("%s is not a folder that this user owns and nobody else may write to", dir)
	}
	if parent, err := openParent(dir); err != nil {
		return nil, err
	} else if parent != "" {
		return nil, fmt.Errorf("%s, which everybody may write to, is a parent of %s", parent, dir)
	}
	info, err = os.Lstat(l.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", l.path)
	}
	return flock.New(l.path, flock.SetFlag(os.O_CREATE|os.O_RDWR|openSafely), flock.SetPermissions(0o600)), nil
}

// works reports whether the file can be made or opened for writing, as a lock needs.
func (l fileLock) works() bool {
	if _, err := l.open(); err != nil {
		return false
	}
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_RDWR|openSafely, 0o600)
	if err != nil {
		return false
	}
	return file.Close() == nil
}

// holder is the process that holds a lock.
type holder struct {
	pid   int
	since time.Time
}

// Where and how the file names the holder: not at the first byte, which is locked and on some systems
// unreadable, and always with the same length.
const (
	holderAt     = 1
	holderFormat = "process %10d since %s\n"
)

// sign writes into the file that this process holds the lock. A failure does no harm.
func (l fileLock) sign() {
	file, err := os.OpenFile(l.path, os.O_WRONLY|openSafely, 0o600)
	if err != nil {
		return
	}
	text := fmt.Sprintf(holderFormat, os.Getpid(), time.Now().UTC().Format(time.RFC3339))
	_, _ = file.WriteAt([]byte(text), holderAt)
	_ = file.Close()
}

// holder returns the process that holds the lock; zero if the file does not say.
func (l fileLock) holder() (h holder) {
	file, err := os.OpenFile(l.path, os.O_RDONLY|openSafely, 0)
	if err != nil {
		return holder{}
	}
	defer file.Close() //nolint:errcheck // it was only read
	var since string
	text := io.NewSectionReader(file, holderAt, 128)
	if _, err := fmt.Fscanf(text, holderFormat, &h.pid, &since); err != nil {
		return holder{}
	}
	if h.since, err = time.Parse(time.RFC3339, since); err != nil {
		return holder{}
	}
	return h
}

func (h holder) String() string {
	if h.pid == 0 {
		return "another process on this machine"
	}
	return fmt.Sprintf("process %d on this machine, since %s", h.pid, h.since.Format(time.RFC3339))
}

// turn is this process's turn to write to an account, among the processes on this machine.
type turn struct {
	// usable is the first lock that works, else the last.
	usable  func() fileLock
	notices *notices
	opts    Options
}

func newTurn(locks []fileLock, notices *notices, opts Options) *turn {
	return &turn{sync.OnceValue(func() fileLock { return firstUsable(locks) }), notices, opts}
}

// firstUsable returns the first lock that works, else the last.
func firstUsable(locks []fileLock) fileLock {
	last := len(locks) - 1
	if i := slices.IndexFunc(locks[:last], fileLock.works); i >= 0 {
		return locks[i]
	}
	return locks[last]
}

// acquire waits until no other process on this machine writes to the account, and keeps them out until
// release, which is never nil. If the lock cannot be used, it goes on without. The error is the context's,
// or a *LockedError.
func (t *turn) acquire(ctx context.Context) (release func(), _ error) {
	lock, err := t.usable().open()
	if err == nil {
		var locked bool
		if locked, err = t.wait(ctx, lock); locked {
			t.usable().sign()
			return func() { _ = lock.Close() }, nil
		}
	}
	release = func() {}
	if lock != nil {
		_ = lock.Close()
	}
	_, busy := errors.AsType[*LockedError](err)
	if busy || ctx.Err() != nil {
		return release, err
	}
	t.notices.add(Notice{
		Summary: "Runs on this machine do not wait for each other",
		Detail: fmt.Sprintf("The lock in %s cannot be used: %v. Harness saves all overrides of an account as one "+
			"document, so two runs that write at the same time may undo each other's changes. Changes are still "+
			"verified and repeated. Make the folder writable for this user, or let only one run at a time write to "+
			"the account.", filepath.Dir(t.usable().path), err),
	})
	t.opts.Warn(ctx, "no lock can be used: runs on this machine do not wait for each "+
		"other", map[string]any{"error": err.Error()})
	return release, nil
}

// wait tries until it has the lock, and reports whom it waits for. A system call interrupted by a signal
// says nothing about the lock.
func (t *turn) wait(ctx context.Context, lock interface{ TryLock() (bool, error) }) (locked bool, _ error) {
	start, warned := time.Now(), false
	poll := time.NewTicker(lockPoll)
	defer poll.Stop()
	for {
		locked, err := lock.TryLock()
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return false, err
		}
		waited := time.Since(start)
		if locked {
			if warned {
				t.opts.Warn(ctx, "the other process is done", map[string]any{"waited_ms": waited.Milliseconds()})
			}
			return true, nil
		}
		if waited >= t.opts.LockMax {
			return false, &LockedError{Path: t.usable().path, Holder: t.usable().holder().String(), Waited: waited}
		}
		if waited >= lockPatience && !warned {
			warned = true
			t.report(ctx)
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// report says whom this process waits for: at once in the log, and to the user when the operation is over.
func (t *turn) report(ctx context.Context) {
	holder := t.usable().holder()
	t.opts.Warn(ctx, "waiting for another process on this machine that writes to the account",
		map[string]any{"holder": holder.String(), "lock": t.usable().path})
	t.notices.add(Notice{
		Summary: "Waited for another run on this machine that writes to the account",
		Detail: fmt.Sprintf("The lock was held by %s. Runs take turns, because two that write at the same time "+
			"would undo each other's changes.\n\n  lock: %s", holder, t.usable().path),
	})
}
