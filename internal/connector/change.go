package connector

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// Request is a change of the connector.
type Request struct {
	// Edit returns the settings to store, given the current ones, which are zero without a connector.
	Edit func(harness.Registry) harness.Registry
	// Expected reports whether a connector is the one that the change was planned for; nil: any is.
	Expected func(Found) bool
	// Worked is the last body that was seen to work. It is put back if the settings are stored already and
	// fail their test; nil: nothing is put back then.
	Worked json.RawMessage
	// Origin is what a destroy restores, which the connector's description is to say; nil: what is there now, or what the
	// description says already.
	Origin *harness.Origin
	// Test is how long each connection test may take; zero: nothing is tested.
	Test time.Duration
}

// Result is the outcome of a change.
type Result struct {
	// Before is the connector when the change began, and After the connector now, as far as is known.
	Before, After Found
	// Touched: there was an error, but some of the change may have been stored.
	Touched bool
	// Unverified is why the change, which the server acknowledged, could not be read back.
	Unverified error
	rehearsal
}

// bodyOf returns the body to store in place of a connector, and its settings.
type bodyOf func(Found) (json.RawMessage, harness.Registry, error)

// exactly is the bodyOf that is the same whatever is in place.
func exactly(body json.RawMessage) bodyOf {
	return func(Found) (json.RawMessage, harness.Registry, error) {
		f, err := found(harness.Connector{Type: harness.DockerRegistry, Body: body})
		return body, f.Registry, err
	}
}

// target is what the connector is to become.
type target struct {
	body     bodyOf
	expected func(Found) bool
	test     time.Duration
}

// Change stores settings. With a test, a candidate is tested first, under an identifier of its own; then
// the connector is changed and tested too, and the previous one is put back if that does not succeed or the
// context ends first. A change in flight is completed, or undone, for some time after the context has ended.
// Settings that are stored already are tested unless they are known to work.
//
// The error is the server's, or one of *TypeError, *harness.PolicyError, *NotStoredError,
// *OverwrittenError, *ChangedError, *UncertainError and *TestError.
func (a *Account) Change(ctx context.Context, req Request) (Result, error) {
	a.changing.Lock()
	defer a.changing.Unlock()
	result, stored, err := a.replace(ctx, target{req.body, req.Expected, req.Test})
	if stored && err == nil && req.Test > 0 && !result.Before.Works() {
		result, err = a.testStored(ctx, req, result)
	}
	if err == nil {
		a.noteWritten()
	}
	return result, err
}

func (r Request) body(before Found) (json.RawMessage, harness.Registry, error) {
	want := r.Edit(before.Registry)
	var body json.RawMessage
	var err error
	var origin harness.Origin
	if before.Exists {
		body, err = before.With(want)
		if err == nil && r.Origin == nil {
			origin, err = before.Before()
		}
	} else {
		body, err = harness.NewConnectorBody(want)
	}
	if r.Origin != nil {
		origin = *r.Origin
	}
	if err == nil {
		body, err = harness.WithOrigin(body, origin)
	}
	return body, want, err
}

// replace stores the target; stored means that it was already. It changes nothing then.
func (a *Account) replace(ctx context.Context, t target) (result Result, stored bool, _ error) {
	defer a.shared.Forget(struct{}{})
	hold, release := outlive(ctx, a.opts.Grace)
	defer release()
	first, want, err := a.rehearse(ctx, hold, t, &result.rehearsal)
	result.Before, result.After = first, first
	if err != nil {
		return result, false, err
	}
	before, err := a.Read(ctx)
	if err == nil {
		result.Before, result.After = before, before
		err = before.checkType()
	}
	if err != nil {
		return result, false, err
	}
	if t.test > 0 && !before.same(first) { // the test has taken a while
		t.expected = func(Found) bool { return false }
	}
	_, want, err = t.settle(before, want)
	if err != nil || before.has(want) {
		return result, err == nil, err
	}
	if ctx.Err() != nil {
		return result, false, context.Cause(ctx)
	}
	result.After, err = a.store(hold, before, t.body)
	if unverified, ok := errors.AsType[*unverifiedError](err); ok {
		result.Unverified, err = unverified.error, nil
	}
	if err != nil {
		result.Touched = isA[*UncertainError](err)
		result.After.Status = harness.ConnectorStatus{}
		return result, false, err
	}
	if t.test == 0 {
		return result, false, nil
	}
	if err := a.test(ctx, harness.ImageConnector, t.test); err != nil {
		err.Stage, err.Untested = Switched, result.Untested
		err.PutBack = a.putBack(hold, want, result)
		result.Touched = err.PutBack != nil && !isA[*OverwrittenError](err.PutBack)
		result.After.Status, result.After.Changed = err.Status, 0
		return result, false, err
	}
	result, err = a.afterTest(hold, result, want)
	return result, false, err
}

// settle returns what to store in place of a connector, which must be the expected one unless it has these
// settings already, or those that were tested.
func (t target) settle(before Found, tested harness.Registry) (json.RawMessage, harness.Registry, error) {
	body, want, err := t.body(before)
	if err != nil || before.has(want) || before.has(tested) {
		return body, want, err
	}
	if t.expected != nil && !t.expected(before) {
		return nil, want, &ChangedError{}
	}
	return body, want, nil
}

// testStored tests settings that were stored already.
func (a *Account) testStored(ctx context.Context, req Request, result Result) (Result, error) {
	hold, release := outlive(ctx, a.opts.Grace)
	defer release()
	defer a.shared.Forget(struct{}{})
	want := result.Before.Registry
	failed := a.test(ctx, harness.ImageConnector, req.Test)
	if failed == nil {
		return a.afterTest(hold, result, want)
	}
	failed.Stage = Standing
	result.After.Status, result.After.Changed = failed.Status, 0
	worked, err := found(harness.Connector{Type: harness.DockerRegistry, Body: req.Worked})
	if failed.Err == nil && req.Worked != nil && err == nil && !result.Before.has(worked.Registry) {
		failed.Stage = Switched
		result.Before = worked
		failed.PutBack = a.putBack(hold, want, result)
	}
	return result, failed
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
	return result, nil
}

// GiveBack puts a previous body back or, if there was none, deletes the connector, for a resource that is
// destroyed; unless this run has set the connector for another resource (kept). With a test, the body is
// tested as in Change. Interrupts and errors are those of Change.
func (a *Account) GiveBack(ctx context.Context, previous json.RawMessage, test time.Duration) (_ Result, kept bool, _ error) {
	a.changing.Lock()
	defer a.changing.Unlock()
	if a.Written() {
		return Result{}, true, nil
	}
	if previous == nil {
		return Result{}, false, a.giveBackNone(ctx)
	}
	result, _, err := a.replace(ctx, target{body: exactly(previous), test: test})
	return result, false, err
}

func (a *Account) giveBackNone(ctx context.Context) error {
	defer a.shared.Forget(struct{}{})
	now, err := a.Read(ctx)
	if err == nil {
		err = now.checkType()
	}
	if err != nil {
		return err
	}
	hold, release := outlive(ctx, a.opts.Grace)
	defer release()
	return a.remove(hold, harness.ImageConnector, now)
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
		return a.remove(ctx, harness.ImageConnector, now)
	}
	_, err = a.store(ctx, now, exactly(made.Before.Body))
	if unverified, ok := errors.AsType[*unverifiedError](err); ok {
		return unverified.error
	}
	return err
}
