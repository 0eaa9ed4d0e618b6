package execconfig

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheHolderOfTheLockIsNamedAndNotWaitedForForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		one := newAccount(t, s)
		var warned atomic.Int32
		opts := one.opts
		opts.Warn = func(_ context.Context, _ string, fields map[string]any) {
			if warned.Add(1); !strings.Contains(fmt.Sprint(fields["holder"]), fmt.Sprintf("process %d on this machine, since 2000-01-01T00:00:00Z", os.Getpid())) {
				t.Errorf("warned %v", fields)
			}
		}
		two := New(s, "test", opts)
		release, err := one.writer.turn.acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		err = two.Set(t.Context(), k8, fieldName(0), "mirror:2")
		if !isA[*LockedError](err) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took.Round(time.Second) != 5*time.Minute || s.count("update") != 0 {
			t.Errorf("after %s, %d writes", took, s.count("update"))
		}
		if notices := two.Notices(); len(notices) != 1 || warned.Load() != 1 || !strings.Contains(notices[0].Detail, one.writer.turn.usable().path) {
			t.Errorf("noticed %v, warned %d times", notices, warned.Load())
		}
		release()
		if err := two.Set(t.Context(), k8, fieldName(0), "mirror:2"); err != nil {
			t.Error(err)
		}
	})
}

func TestWithoutALockWritesGoOnWithOneWarning(t *testing.T) {
	for name, prepare := range map[string]func(elsewhere, dir string) error{
		"below a file":            func(_, dir string) error { return os.WriteFile(filepath.Dir(dir), nil, 0o600) },
		"a file for the folder":   func(_, dir string) error { return writeBelow(dir, "", nil) },
		"a folder for the file":   func(_, dir string) error { return os.MkdirAll(newFileLock(dir, "test").path, 0o700) },
		"a folder that is linked": func(elsewhere, dir string) error { return linkTo(elsewhere, dir) },
		"a file that is linked": func(elsewhere, dir string) error {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
			return linkTo(filepath.Join(elsewhere, "victim"), newFileLock(dir, "test").path)
		},
		"a folder that others may write": func(_, dir string) error {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
			return os.Chmod(dir, 0o777) //nolint:gosec // what is tested
		},
		"a parent that others may write": func(_, dir string) error {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
			return os.Chmod(filepath.Dir(dir), 0o777) //nolint:gosec // what is tested
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "cache", "locks")
				if err := prepare(t.TempDir(), dir); err != nil {
					t.Fatal(err)
				}
				s := newServer(latency)
				a := New(s, "test", Options{LockDir: dir})
				for i := range 3 {
					if err := a.Set(t.Context(), k8, fieldName(i), "mirror:2"); err != nil {
						t.Error(err)
					}
				}
				notices := a.Notices()
				if len(notices) != 1 || notices[0].Summary != "Runs on this machine do not wait for each other" {
					t.Errorf("noticed %v", notices)
				}
				if again := a.Notices(); len(again) != 0 {
					t.Errorf("and again %v", again)
				}
			})
		})
	}
}

func writeBelow(dir, name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name), content, 0o600)
}

func linkTo(target, link string) error {
	if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
		return err
	}
	return os.Symlink(target, link)
}

// Whatever is in the file, the holder is shown as a process or as unknown.
func FuzzHolder(f *testing.F) {
	f.Add([]byte("\x00process         12 since 2026-01-02T03:04:05Z\n"))
	f.Add([]byte("\x00process -1 since \x1b[31m"))
	f.Fuzz(func(t *testing.T, content []byte) {
		lock := newFileLock(t.TempDir(), "test")
		if err := os.WriteFile(lock.path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, r := range lock.holder().String() {
			if r < ' ' || r > '~' {
				t.Fatalf("%q", lock.holder())
			}
		}
	})
}
