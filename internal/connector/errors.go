package connector

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// TypeError is a connector whose type cannot be changed in place. Nothing was changed.
type TypeError struct{ Type string }

// Error names both types.
func (e *TypeError) Error() string {
	return fmt.Sprintf("the account's connector %s is of the type %s, and the type of a connector cannot be changed to %s",
		harness.ImageConnector, e.Type, harness.DockerRegistry)
}

// NotStoredError is a change that the server acknowledged but did not make.
type NotStoredError struct{}

// Error says so.
func (e *NotStoredError) Error() string {
	return "the server acknowledged the change, but the previous connector is still in place"
}

// OverwrittenError is a change that something else has replaced.
type OverwrittenError struct{}

// Error says so.
func (e *OverwrittenError) Error() string {
	return "another change to the connector came in between and was left in place"
}

// ChangedError is a change that was not made, because the connector is not the one that it was planned for.
type ChangedError struct{}

// Error says so.
func (e *ChangedError) Error() string {
	return "somebody else changed the connector after the plan, and that change was left in place"
}

// TakenError is a candidate whose identifier belongs to a connector of somebody else.
type TakenError struct{}

// Error names the identifier.
func (e *TakenError) Error() string {
	return "a connector with the identifier " + harness.ImageCandidate + " exists that is not of this provider"
}

// CandidateError is a candidate that could not be stored. The connector was not changed.
type CandidateError struct {
	Err  error // of the write
	Read error // of the attempt to read it back; nil if there is no candidate
}

// Error includes both errors.
func (e *CandidateError) Error() string {
	text := fmt.Sprintf("the settings could not be stored as %s to test them: %v", harness.ImageCandidate, e.Err)
	if e.Read != nil {
		text += fmt.Sprintf("; reading it back: %v", e.Read)
	}
	return text
}

// Unwrap returns the error of the write.
func (e *CandidateError) Unwrap() error { return e.Err }

// UncertainError is a change that may or may not have been made.
type UncertainError struct {
	Err  error // of the change
	Read error // of the attempt to read it back
}

// Error includes both errors.
func (e *UncertainError) Error() string {
	return fmt.Sprintf("the change may or may not have been made: %v; reading it back: %v", e.Err, e.Read)
}

// Unwrap returns both errors.
func (e *UncertainError) Unwrap() []error { return []error{e.Err, e.Read} }

// InterruptedError is a connection test that the context's end cut short.
type InterruptedError struct{ Err error }

// Error says so.
func (e *InterruptedError) Error() string { return "the run was interrupted before the test ended" }

// Unwrap returns the context's cause.
func (e *InterruptedError) Unwrap() error { return e.Err }

// SlowTestError is a connection test without an outcome.
type SlowTestError struct{ After time.Duration }

// Error says how long the test was given.
func (e *SlowTestError) Error() string {
	return fmt.Sprintf("the test had no outcome within %s", e.After)
}

// Stage says what was tested, and so what is in place after a test that did not succeed.
type Stage int

// The stages.
const (
	Candidate Stage = iota // a candidate; the connector was not changed
	Standing               // the connector, which was not changed
	Switched               // the connector; PutBack says whether the previous one is back
)

// TestError is a connection test that did not succeed.
type TestError struct {
	Status harness.ConnectorStatus
	// Err is why there is no outcome; nil if the test failed.
	Err   error
	Stage Stage
	// PutBack is why the previous connector was not put back; nil if it was, or was not replaced.
	PutBack error
	// Untested is that of the Result.
	Untested error
}

// Error says what the test found.
func (e *TestError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("whether the connection works is not known: %v", e.Err)
	}
	text := "the connection test ended with " + e.Status.State
	if reasons := e.Reasons(); len(reasons) > 0 {
		text += ": " + strings.Join(reasons, "; ")
	}
	return text
}

// Reasons are those of the server, else its summary.
func (e *TestError) Reasons() []string {
	if len(e.Status.Reasons) == 0 && e.Status.Summary != "" {
		return []string{e.Status.Summary}
	}
	return e.Status.Reasons
}

// Unwrap returns why the test has no outcome, and why the previous settings were not put back.
func (e *TestError) Unwrap() []error {
	var errs []error
	for _, err := range []error{e.Err, e.PutBack} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// unverifiedError is why an acknowledged change could not be read back.
type unverifiedError struct{ error }

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
