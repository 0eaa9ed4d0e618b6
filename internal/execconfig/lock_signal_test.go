package execconfig

import (
	"syscall"
	"testing"
	"testing/synctest"
)

// interruptedLock is free, and a signal interrupts the first calls that ask for it.
type interruptedLock struct{ signals, asked int }

func (l *interruptedLock) TryLock() (bool, error) {
	l.asked++
	if l.asked <= l.signals {
		return false, syscall.EINTR
	}
	return true, nil
}

func TestASignalDoesNotRefuseTheLock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lock := &interruptedLock{signals: 3}
		turn := newTurn([]fileLock{{}}, &notices{}, Options{}.withDefaults())
		locked, err := turn.wait(t.Context(), lock)
		if !locked || err != nil || lock.asked != 4 {
			t.Errorf("locked %t after asking %d times: %v", locked, lock.asked, err)
		}
	})
}
