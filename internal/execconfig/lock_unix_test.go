//go:build unix

package execconfig

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A pipe would keep whoever opens it waiting.
func TestAPlantedPipeIsNotALock(t *testing.T) {
	t.Parallel()
	a := newAccount(t, newServer(0))
	if err := os.MkdirAll(filepath.Dir(a.writer.turn.usable().path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(a.writer.turn.usable().path, 0o600); err != nil {
		t.Fatal(err)
	}
	release, err := a.writer.turn.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	release()
	if notices := a.Notices(); len(notices) != 1 {
		t.Errorf("noticed %v", notices)
	}
}
