// Package execconfig makes overrides of the Harness execution-config API safe to write and cheap to read.
// The server saves a whole account document per write, with no lock, and answers true whether or not it
// lasts; so writes to one account are batched, sent one at a time and verified here.
package execconfig

import (
	"context"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// Client is the part of the API that an Account needs; *harness.Client implements it.
type Client interface {
	DefaultImages(ctx context.Context, scope harness.Scope) (map[string]string, error)
	CustomerImages(ctx context.Context, scope harness.Scope, overridesOnly bool) (map[string]string, error)
	UpdateImages(ctx context.Context, scope harness.Scope, images map[string]string) error
	ResetImages(ctx context.Context, scope harness.Scope, fields []string) error
}

// Options tune an Account; a zero value means the production value.
type Options struct {
	// Window is how long the writer waits for another write before it sends; WindowMax caps the wait while
	// more keep arriving.
	Window, WindowMax time.Duration
	// MaxAge is the age up to which a read is served again.
	MaxAge time.Duration
	// Attempts is how often a write is sent before it counts as failed.
	Attempts int
	// PauseMin and PauseMax bound the jittered pause before a write is sent again.
	PauseMin, PauseMax time.Duration
	// RequestTimeout is how long one attempt of a request may take, by this client or another writer. A
	// write is verified once as much time has passed as it took, but no more.
	RequestTimeout time.Duration
	// LagMax is how long reads may lag behind writes.
	LagMax time.Duration
	// LateMax is how long a write without an answer may still show before it counts as failed.
	LateMax time.Duration
	// LockDir is the folder of the lock files between processes of this machine, if not one of the user's own;
	// LockMax is how long to wait for another process.
	LockDir string
	LockMax time.Duration
	// Run identifies the run of the CLI that this process and those of other provider aliases belong to, Process
	// this one among them. Without Run, they know nothing of each other.
	Run, Process string
	// Log receives what helps a maintainer in a debug log, Warn what a user should see while it lasts.
	Log, Warn func(ctx context.Context, msg string, fields map[string]any)
}

func (o Options) withDefaults() Options {
	o.Window = orElse(o.Window, 30*time.Millisecond)
	o.WindowMax = orElse(o.WindowMax, 300*time.Millisecond)
	o.MaxAge = orElse(o.MaxAge, 5*time.Second)
	o.Attempts = orElse(o.Attempts, 20)
	o.PauseMin = orElse(o.PauseMin, 10*time.Millisecond)
	o.PauseMax = orElse(o.PauseMax, time.Second)
	o.RequestTimeout = orElse(o.RequestTimeout, 30*time.Second)
	o.LagMax = orElse(o.LagMax, 4*time.Second)
	o.LateMax = orElse(o.LateMax, 10*time.Second)
	o.Process = orElse(o.Process, strconv.Itoa(os.Getpid()))
	o.LockMax = orElse(o.LockMax, 5*time.Minute)
	if o.Log == nil {
		o.Log = func(context.Context, string, map[string]any) {}
	}
	if o.Warn == nil {
		o.Warn = o.Log
	}
	return o
}

// orElse returns v, or fallback if v is the zero value.
func orElse[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

// Account gives access to the overrides of one account. It is safe for concurrent use, and runs no
// goroutine while idle.
type Account struct {
	reads     *reads
	planReads *planReads
	writer    *writer
	notices   *notices
	opts      Options
}

// New returns the Account that client talks to. The key names endpoint and account: processes of
// this machine that use the same key take turns to write.
func New(client Client, key string, opts Options) *Account {
	opts = opts.withDefaults()
	reads, notices := newReads(client, opts), &notices{}
	return &Account{
		reads:     reads,
		planReads: newPlanReads(reads),
		writer:    newWriter(client, reads, newTurn(newFileLocks(opts.LockDir, key), notices, opts), opts),
		notices:   notices,
		opts:      opts,
	}
}

// Overrides returns the overrides of a module and infra, field to image. Concurrent calls share one
// request, and its answer is reused for MaxAge or until a write drops it. The caller owns the map.
func (a *Account) Overrides(ctx context.Context, scope harness.Scope) (map[string]string, error) {
	return cloned(a.reads.get(ctx, readKey{overridesRead, scope}))
}

// FreshOverrides returns the Overrides that a request sent after the call shows: what another process or program
// has changed before it is in them.
func (a *Account) FreshOverrides(ctx context.Context, scope harness.Scope) (map[string]string, error) {
	return cloned(a.reads.fresh(ctx, readKey{overridesRead, scope}))
}

// FreshMerged is to Merged what FreshOverrides is to Overrides.
func (a *Account) FreshMerged(ctx context.Context, scope harness.Scope) (map[string]string, error) {
	return cloned(a.reads.fresh(ctx, readKey{mergedRead, scope}))
}

// Defaults returns the images that run without overrides, shared like Overrides. Its keys are the fields
// that the module and infra have.
func (a *Account) Defaults(ctx context.Context, scope harness.Scope) (map[string]string, error) {
	return cloned(a.reads.get(ctx, readKey{defaultsRead, scope}))
}

// Merged returns the server's own merge of defaults and overrides, shared like Overrides.
func (a *Account) Merged(ctx context.Context, scope harness.Scope) (map[string]string, error) {
	return cloned(a.reads.get(ctx, readKey{mergedRead, scope}))
}

// Set stores one override and returns once a read has shown it. When ctx ends, Set still waits for what has
// been sent, for RequestTimeout plus LateMax at most, and returns its outcome. Errors: the client's for a
// failed request, *RefusedError, *NotStoredError, *NotListedError, *UnverifiedError, *UncertainError,
// *CancelledError, *LockedError, *owners.DuplicateError, *owners.ConflictError.
func (a *Account) Set(ctx context.Context, scope harness.Scope, field, value string) error {
	failed, err := a.writer.write(ctx, []*op{newOp(Target{Scope: scope, Field: field}, value)}, harness.Scope{})
	if err != nil {
		return err
	}
	return failed[field]
}

// Reset removes one override and returns once a read no longer shows it. The image is the current one, as
// far as the caller knows: if it equals the default, its absence from a read proves little. Errors are
// those of Set, and *owners.KeptError if another resource set the override in this run.
func (a *Account) Reset(ctx context.Context, scope harness.Scope, field, image string) error {
	failed, err := a.writer.write(ctx, resetOps(scope, map[string]string{field: image}), harness.Scope{})
	if err != nil {
		return err
	}
	return failed[field]
}

// Replace makes a change for an exclusive set, which owns the whole module and infra. It stores what it
// keeps only if this run has reset that since. It sends one update and one reset at most unless something
// is refused. The error is a FieldErrors, or a *owners.ConflictError before anything is sent.
func (a *Account) Replace(ctx context.Context, scope harness.Scope, change Change) error {
	kept := setOps(scope, change.Keep)
	for _, o := range kept {
		o.inPlace = true
	}
	ops := slices.Concat(setOps(scope, change.Set), kept, resetOps(scope, change.Reset))
	return joined(a.writer.write(ctx, ops, scope))
}

// ResetAll removes overrides, field to image as in Reset, in one request, leaving out those that
// another resource set in this run. The error is a FieldErrors.
func (a *Account) ResetAll(ctx context.Context, scope harness.Scope, images map[string]string) error {
	return joined(a.writer.write(ctx, resetOps(scope, images), harness.Scope{}))
}

// joined returns the errors of a write as one.
func joined(failed FieldErrors, err error) error {
	if err == nil && failed != nil {
		return failed
	}
	return err
}
