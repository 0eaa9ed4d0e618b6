package connector

import (
	"context"
	"encoding/json"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// rehearsal is what came of testing a candidate before the switch.
type rehearsal struct {
	// Untested is why there could be no candidate, so that builds saw settings that had not been tested.
	Untested error
	// Leftover is why the candidate could not be deleted.
	Leftover error
}

// rehearse tests the settings of a target under the candidate's identifier, and returns the connector that
// they are for and the settings. It does nothing without a test, or if they are stored already.
func (a *Account) rehearse(ctx, hold context.Context, t target, r *rehearsal) (first Found, want harness.Registry, err error) {
	if t.test == 0 {
		return Found{}, harness.Registry{}, nil
	}
	if first, err = a.Shared(ctx); err != nil {
		return Found{}, want, err
	}
	a.shared.Forget(struct{}{})
	if err := first.checkType(); err != nil {
		return first, want, err
	}
	body, want, err := t.settle(first, harness.Registry{})
	if err != nil || first.has(want) {
		return first, want, err
	}
	if ctx.Err() != nil {
		return first, want, context.Cause(ctx)
	}
	placed, err := a.placeCandidate(hold, body, want, r)
	if err == nil && r.Untested == nil {
		if failed := a.test(ctx, harness.ImageCandidate, t.test); failed != nil {
			err = failed
		}
	}
	if placed {
		r.Leftover = a.removeCandidate(hold)
	}
	return first, want, err
}

// placeCandidate stores the candidate, in place of one that an interrupted run has left. It sets Untested if
// the account does not allow one. Unless placed, there is none of ours.
func (a *Account) placeCandidate(ctx context.Context, body json.RawMessage, want harness.Registry, r *rehearsal) (placed bool, err error) {
	if body, err = harness.CandidateBody(body); err != nil {
		return false, err
	}
	_, sent := a.api.CreateConnector(ctx, harness.ImageCandidate, body)
	switch {
	case sent == nil:
		return true, nil
	case forbids(sent):
		r.Untested = sent
		return false, nil
	}
	// The identifier may be taken, or the candidate stored although its answer was lost.
	there, err := a.read(ctx, harness.ImageCandidate)
	switch {
	case err != nil && harness.IsNotSent(sent):
		return false, sent
	case err != nil:
		return true, &CandidateError{Err: sent, Read: err}
	case !there.Exists && harness.IsNotSent(sent):
		return false, &CandidateError{Err: sent}
	case !there.Exists:
		return true, &CandidateError{Err: sent}
	case !there.IsCandidate():
		r.Untested = &TakenError{}
		return false, nil
	case there.has(want):
		return true, nil
	}
	_, err = a.api.UpdateConnector(ctx, harness.ImageCandidate, body)
	if forbids(err) {
		r.Untested, err = err, nil
	}
	if err != nil {
		err = &CandidateError{Err: err}
	}
	return true, err
}

// forbids reports whether the account, rather than a fault, stands against a candidate.
func forbids(err error) bool { return harness.IsForbidden(err) || isA[*harness.PolicyError](err) }

// HasCandidate reports whether there is a candidate of ours: of a run that is at work, or was killed.
func (a *Account) HasCandidate(ctx context.Context) bool {
	there, err := a.read(ctx, harness.ImageCandidate)
	return err == nil && there.IsCandidate()
}

// Sweep deletes a candidate that a killed run has left.
func (a *Account) Sweep(ctx context.Context) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	if !a.HasCandidate(ctx) {
		return nil
	}
	return a.removeCandidate(ctx)
}

// removeCandidate deletes the candidate; nil if it is gone.
func (a *Account) removeCandidate(ctx context.Context) error {
	sent := a.api.DeleteConnector(ctx, harness.ImageCandidate)
	if sent == nil || harness.IsNoConnector(sent) {
		return nil
	}
	if left, err := a.read(ctx, harness.ImageCandidate); err == nil && !left.Exists {
		return nil
	}
	return sent
}
