package provider

import (
	"context"
	"errors"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// listedError is a refusal to set a field that the server lists among the defaults.
type listedError struct {
	error
	target execconfig.Target
}

// Unwrap returns the call's error.
func (e listedError) Unwrap() error { return e.error }

// Advice says what a list of defaults does not tell.
func (e listedError) Advice() string {
	return "The server lists " + e.target.Field + " among the defaults of " + e.target.Scope.String() + ", and refuses to " +
		"have it set: not every field that runs an image may be overridden. Leave it out. A loop over all defaults " +
		"has to leave it out, too."
}

// refused adds to a refused write what the defaults tell of the field. They were read for the plan.
func (d *providerData) refused(ctx context.Context, target execconfig.Target, err error) error {
	call, ok := errors.AsType[*harness.Error](err)
	// By the published source, a field that may not be set is an internal error.
	if !ok || !harness.IsRefused(call) && !harness.IsFailedInside(call) {
		return err
	}
	defaults, readErr := d.account.PlanDefaults(ctx, target.Scope)
	if _, listed := defaults[target.Field]; readErr != nil || !listed {
		return err
	}
	return listedError{err, target}
}
