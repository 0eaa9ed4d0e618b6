// Package connector changes the connector through which an account pulls Harness images, so that an
// account is never left with one that does not work: each change is read back and tested, and the previous
// connector is put back if the test fails. It knows nothing of Terraform.
package connector

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/flight"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// API is the part of the API that the package needs; *harness.Client implements it.
type API interface {
	Connector(ctx context.Context) (harness.Connector, error)
	CreateConnector(ctx context.Context, body json.RawMessage) (harness.Connector, error)
	UpdateConnector(ctx context.Context, body json.RawMessage) (harness.Connector, error)
	DeleteConnector(ctx context.Context) error
	TestConnector(ctx context.Context, patience time.Duration) (harness.ConnectorStatus, error)
}

// Options are durations; zero means the default.
type Options struct {
	// Test is how long a connection test may take; 3 m. One through a delegate may take a minute.
	Test time.Duration
	// Pause is the first of the growing pauses between reads that wait for a change to show; 500 ms.
	Pause time.Duration
	// Grace is how long a change in flight may continue after an interrupt; 30 s.
	Grace time.Duration
}

func (o Options) withDefaults() Options {
	for value, fallback := range map[*time.Duration]time.Duration{
		&o.Test: 3 * time.Minute, &o.Pause: 500 * time.Millisecond, &o.Grace: 30 * time.Second,
	} {
		if *value <= 0 {
			*value = fallback
		}
	}
	return o
}

// Account is the image connector of one account. It is safe for concurrent use.
type Account struct {
	api  API
	opts Options
	// changing is held by the one resource that changes or restores the connector.
	changing sync.Mutex
	// shared is the connector as read once.
	shared flight.Group[struct{}, Found]
	run
}

// New returns an account's image connector. It sends no request.
func New(api API, opts Options) *Account {
	return &Account{api: api, opts: opts.withDefaults(), shared: flight.Group[struct{}, Found]{KeepErrors: true}}
}

// Found is the connector in the account; the zero value is none.
type Found struct {
	Exists bool
	harness.Connector
	// Registry is zero unless the type is DockerRegistry.
	Registry harness.Registry
}

// IsRegistry reports whether the connector exists and has the one type whose settings are known here.
func (f Found) IsRegistry() bool { return f.Exists && f.Type == harness.DockerRegistry }

// has reports whether the connector has these settings.
func (f Found) has(want harness.Registry) bool { return f.IsRegistry() && f.Registry.Equal(want) }

// same reports whether both are the same connector.
func (f Found) same(other Found) bool {
	return f.Exists == other.Exists && f.Type == other.Type && f.Registry.Equal(other.Registry)
}

// Read returns the current connector.
func (a *Account) Read(ctx context.Context) (Found, error) {
	connector, err := a.api.Connector(ctx)
	if harness.IsNoConnector(err) {
		return Found{}, nil
	}
	if err != nil {
		return Found{}, err
	}
	return found(connector)
}

func found(connector harness.Connector) (Found, error) {
	f := Found{Exists: true, Connector: connector}
	if connector.Type != harness.DockerRegistry {
		return f, nil
	}
	var err error
	f.Registry, err = connector.Registry()
	return f, err
}

// Result is the outcome of a change.
type Result struct {
	// Before is the connector when the change began, and After the connector now, as far as is known.
	Before, After Found
	// Touched: there was an error, but some of the change may have been stored.
	Touched bool
	// Unverified is why the change, which the server acknowledged, could not be read back.
	Unverified error
}

// Change stores the settings that edit returns for the current ones, which are zero without a connector.
// With test, the server then tests the connection; if that does not succeed, or the context ends first,
// the previous connector is put back. A change in flight is completed, or undone, for some time after the
// context has ended.
//
// The error is the server's, or one of *TypeError, *harness.PolicyError, *NotStoredError,
// *OverwrittenError, *UncertainError, *InterruptedError and *TestError.
func (a *Account) Change(ctx context.Context, edit func(harness.Registry) harness.Registry, test bool) (Result, error) {
	a.changing.Lock()
	defer a.changing.Unlock()
	a.shared.Forget(struct{}{})
	defer a.shared.Forget(struct{}{})
	before, err := a.Read(ctx)
	result := Result{Before: before, After: before}
	switch {
	case err != nil:
		return result, err
	case before.Exists && !before.IsRegistry():
		return result, &TypeError{Type: before.Type}
	}
	want := edit(before.Registry)
	if before.has(want) {
		a.noteWritten()
		return result, nil
	}
	body, err := bodyOf(before, want)
	if err != nil {
		return result, err
	}
	if ctx.Err() != nil {
		return result, context.Cause(ctx)
	}
	hold, release := outlive(ctx, a.opts.Grace)
	defer release()
	result.After, err = a.store(hold, before, body, want)
	if unverified, ok := errors.AsType[*unverifiedError](err); ok {
		result.Unverified, err = unverified.error, nil
	}
	if err != nil {
		_, result.Touched = errors.AsType[*UncertainError](err)
		return result, err
	}
	if !test {
		a.noteWritten()
		return result, nil
	}
	if err := a.test(ctx); err != nil {
		err.PutBack = a.putBack(hold, want, result)
		_, left := errors.AsType[*OverwrittenError](err.PutBack)
		result.Touched = err.PutBack != nil && !left
		return result, err
	}
	return a.afterTest(hold, result, want)
}

func bodyOf(before Found, want harness.Registry) (json.RawMessage, error) {
	if !before.Exists {
		return harness.NewConnectorBody(want)
	}
	return before.With(want)
}

// afterTest reads the status that a test left, and whether it is about these settings at all.
func (a *Account) afterTest(ctx context.Context, result Result, want harness.Registry) (Result, error) {
	after, err := a.Read(ctx)
	switch {
	case err != nil:
		result.Unverified = err
	case !after.has(want) && !after.same(result.After):
		return result, &OverwrittenError{}
	default:
		result.After, result.Unverified = after, nil
	}
	a.noteWritten()
	return result, nil
}

// GiveBack is Restore for a destroyed resource, unless this run has set the connector for another one
// (kept).
func (a *Account) GiveBack(ctx context.Context, former json.RawMessage) (kept bool, _ error) {
	a.changing.Lock()
	defer a.changing.Unlock()
	if a.Written() {
		return true, nil
	}
	return false, a.Restore(ctx, former)
}

// Restore puts a previous body back or, if there was none, deletes the connector. Interrupts and errors are
// those of Change.
func (a *Account) Restore(ctx context.Context, former json.RawMessage) error {
	a.shared.Forget(struct{}{})
	defer a.shared.Forget(struct{}{})
	now, err := a.Read(ctx)
	if err != nil {
		return err
	}
	if now.Exists && !now.IsRegistry() {
		return &TypeError{Type: now.Type}
	}
	hold, release := outlive(ctx, a.opts.Grace)
	defer release()
	return a.restore(hold, now, former)
}

// restore is Restore, given the current connector.
func (a *Account) restore(ctx context.Context, now Found, former json.RawMessage) error {
	if former == nil {
		return a.remove(ctx, now)
	}
	was, err := found(harness.Connector{Type: harness.DockerRegistry, Body: former})
	if err != nil || now.has(was.Registry) {
		return err
	}
	_, err = a.store(ctx, now, former, was.Registry)
	if unverified, ok := errors.AsType[*unverifiedError](err); ok {
		return unverified.error
	}
	return err
}

// putBack undoes a change of this run, unless somebody else has changed the connector since.
func (a *Account) putBack(ctx context.Context, ours harness.Registry, made Result) error {
	now, err := a.Read(ctx)
	switch {
	case err != nil || now.same(made.Before):
		return err
	case !now.has(ours) && !now.same(made.After):
		return &OverwrittenError{}
	case !made.Before.Exists:
		return a.remove(ctx, now)
	}
	return a.restore(ctx, now, made.Before.Body)
}

// outlive returns a context that lasts for some time after ctx has ended, so that what is in flight can
// be completed or undone.
func outlive(ctx context.Context, grace time.Duration) (hold context.Context, release func()) {
	hold, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return hold, func() { stop(); cancel() }
}
