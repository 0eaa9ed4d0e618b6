// Package script lets a command call code that is written for tests. A failure ends the command, and what
// was set up is always taken down.
package script

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

// T replaces a test's T: what Run calls, in its own goroutine, may fail or be interrupted at any of its
// methods.
type T struct {
	name     string
	ctx      context.Context //nolint:containedctx // as that of a test
	over     context.Context //nolint:containedctx // also ended by a Ctrl-C
	cleanups []func()
}

// stop is the panic value with which a T ends its command.
type stop struct{ reason string }

// Run runs a command, prints a failure to stderr, and returns the exit code.
//
// A Ctrl-C in a terminal also reaches the running CLI, which ends gracefully; the command then stops. Any
// other request to end interrupts the CLI.
func Run(name string, do func(*T)) (exit int) {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGHUP)
	defer cancel()
	over, stopListening := signal.NotifyContext(ctx, os.Interrupt)
	defer stopListening()
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case stop:
			fmt.Fprintf(os.Stderr, "%s: %s\n", name, cause.reason)
			exit = 1
		default:
			panic(cause)
		}
	}()
	(&T{name: name, ctx: ctx, over: over}).Scope(do)
	return 0
}

// Scope runs a part of the command, and then takes down all that the part set up.
func (t *T) Scope(do func(*T)) {
	part := &T{name: t.name, ctx: t.ctx, over: t.over}
	defer func() {
		for _, cleanup := range slices.Backward(part.cleanups) {
			cleanup()
		}
	}()
	do(part)
}

// Helper ends a command that was interrupted: test helpers begin with it.
func (t *T) Helper() {
	if t.over.Err() != nil {
		panic(stop{"interrupted"})
	}
}

// Over is closed when the command was interrupted or asked to end.
func (t *T) Over() <-chan struct{} { return t.over.Done() }

// Check fails if there is an error.
func (t *T) Check(err error) {
	if err != nil {
		t.Fatal(err)
	}
}

// Fatal ends the command.
func (t *T) Fatal(args ...any) {
	t.Helper()
	panic(stop{fmt.Sprint(args...)})
}

// Fatalf ends the command.
func (t *T) Fatalf(format string, args ...any) { t.Fatal(fmt.Sprintf(format, args...)) }

// Skip ends the command: unlike a test, a command cannot leave out what it was asked for.
func (t *T) Skip(args ...any) { t.Fatal(args...) }

// Cleanup has f called at the end, the last one first.
func (t *T) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }

// TempDir returns a new folder, which is removed at the end.
func (t *T) TempDir() string {
	dir, err := os.MkdirTemp("", "harnessci-"+t.name+"-")
	t.Check(err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Context ends when the command is asked to.
func (t *T) Context() context.Context { return t.ctx }
