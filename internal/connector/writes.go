package connector

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

const (
	succeeded = "SUCCESS"
	// looks is how often the connector is read before an acknowledged write, or one that may still be in
	// progress, counts as lost: about ten seconds.
	looks = 6
	// looksAfterError is the same after a server error.
	looksAfterError = 2

	// clashes is how often a write is sent while somebody else changes the connector at the same time.
	clashes = 4

	longestPause = 4 * time.Second
)

// store replaces the connector's body and returns the connector once it shows. An answer proves nothing,
// and neither does its absence: only what is read back counts.
func (a *Account) store(ctx context.Context, was Found, bodyOf bodyOf) (Found, error) {
	body, want, err := bodyOf(was)
	if err != nil {
		return was, err
	}
	answered, sent := a.write(ctx, was, body)
	if isA[*harness.PolicyError](sent) {
		return was, sent
	}
	for clash, wait := 1, a.all(); harness.IsOverlapping(sent) && clash < clashes && wait.next(ctx); clash++ {
		now, err := a.Read(ctx)
		if err != nil || !now.same(was) {
			break // the loop below tells what is there
		}
		if body, _, err = bodyOf(now); err == nil {
			answered, sent = a.write(ctx, now, body)
		}
	}
	if harness.IsNotSent(sent) && !harness.IsOverlapping(sent) {
		return was, sent
	}
	made, _ := found(answered) // the server's version of it, if it answered
	for pauses := a.pauses(sent); ; {
		now, err := a.Read(ctx)
		switch {
		case err != nil && sent != nil:
			return was, &UncertainError{Err: sent, Read: err}
		case err != nil:
			return made, &unverifiedError{err}
		case now.has(want):
			return now, nil
		case now.same(was):
		case sent == nil && now.same(made):
			return now, nil
		default:
			return now, &OverwrittenError{}
		}
		if harness.IsNotSent(sent) || !pauses.next(ctx) {
			if sent != nil {
				return was, sent
			}
			return was, &NotStoredError{}
		}
	}
}

// write sends a body in place of a connector.
func (a *Account) write(ctx context.Context, was Found, body json.RawMessage) (harness.Connector, error) {
	if !was.Exists {
		return a.api.CreateConnector(ctx, harness.ImageConnector, body)
	}
	return a.api.UpdateConnector(ctx, harness.ImageConnector, body)
}

// remove deletes a connector and verifies that it is gone.
func (a *Account) remove(ctx context.Context, id string, now Found) error {
	if !now.Exists {
		return nil
	}
	sent := a.api.DeleteConnector(ctx, id)
	if harness.IsNoConnector(sent) {
		return nil
	}
	if harness.IsNotSent(sent) {
		return sent
	}
	for pauses := a.pauses(sent); ; {
		left, err := a.read(ctx, id)
		switch {
		case err != nil && sent != nil:
			return &UncertainError{Err: sent, Read: err}
		case err != nil:
			return err
		case !left.Exists:
			return nil
		case !left.same(now):
			return &OverwrittenError{}
		}
		if !pauses.next(ctx) {
			if sent != nil {
				return sent
			}
			return &NotStoredError{}
		}
	}
}

// test has the server test a connector and returns nil only if it is seen to work.
func (a *Account) test(ctx context.Context, id string, patience time.Duration) *TestError {
	fields := map[string]any{"connector": id, "limit": patience.String()}
	a.opts.Log(ctx, "Harness tests the connection", fields)
	err := a.outcome(ctx, id, patience)
	fields["outcome"] = succeeded
	if err != nil {
		fields["outcome"] = err.Error()
	}
	a.opts.Log(ctx, "The connection test has ended", fields)
	return err
}

func (a *Account) outcome(ctx context.Context, id string, patience time.Duration) *TestError {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	status, err := a.api.TestConnector(limited, id, patience)
	for pauses := a.all(); ; {
		switch {
		case err != nil:
		case status.State == succeeded:
			return nil
		case status.State != "PENDING" && status.State != "UNKNOWN" && status.State != "":
			return &TestError{Status: status}
		}
		// The test may be done although its answer was lost: the connector records the outcome.
		now, readErr := a.read(limited, id)
		if readErr == nil && now.StatusCurrent() && now.Status.State != "UNKNOWN" && now.Status.State != "PENDING" {
			status, err = now.Status, nil
			continue
		}
		if err != nil && !harness.MayStillAct(err) || !pauses.next(limited) {
			return undecided(ctx, status, err, patience)
		}
	}
}

// undecided is the error of a test without a known outcome.
func undecided(ctx context.Context, status harness.ConnectorStatus, err error, patience time.Duration) *TestError {
	switch {
	case ctx.Err() != nil:
		err = &InterruptedError{Err: context.Cause(ctx)}
	case err == nil || errors.Is(err, context.DeadlineExceeded):
		err = &SlowTestError{After: patience}
	}
	return &TestError{Status: status, Err: err}
}

// pauses are the growing waits between reads.
type pauses struct {
	left int // -1: no end
	wait time.Duration
}

// pauses returns how long to wait for a write to show, depending on the answer.
func (a *Account) pauses(sent error) pauses {
	left := looks
	if sent != nil && !harness.MayStillAct(sent) {
		left = looksAfterError
	}
	return pauses{left: left - 1, wait: a.opts.Pause}
}

// all returns pauses without an end.
func (a *Account) all() pauses { return pauses{left: -1, wait: a.opts.Pause} }

// next waits, and reports whether to look again.
func (p *pauses) next(ctx context.Context) bool {
	if p.left == 0 {
		return false
	}
	p.left--
	timer := time.NewTimer(p.wait)
	defer timer.Stop()
	p.wait = min(2*p.wait, longestPause)
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
