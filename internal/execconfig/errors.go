package execconfig

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// NotStoredError says that the server acknowledged a write but does not have what was sent, after every
// attempt. Another writer of the same account is the usual cause.
type NotStoredError struct {
	Target
	// Sent is the image that was sent; empty for a reset.
	Sent string
	// Held is the override that the server has; empty for none.
	Held string
	// Attempts is how often the write was sent.
	Attempts int
	// Interrupted is why it was not sent again; nil after all attempts.
	Interrupted error
}

func notStored(o *op, interrupted error) *NotStoredError {
	return &NotStoredError{Target: o.Target, Sent: o.value, Held: o.heldNow, Attempts: o.attempts, Interrupted: interrupted}
}

func (e *NotStoredError) Error() string { return e.Named(e.Reason()) }

func (e *NotStoredError) Unwrap() error { return e.Interrupted }

// Reason says it without the name of the override.
func (e *NotStoredError) Reason() string {
	sent, held := fmt.Sprintf("%q was sent", e.Sent), "no override"
	if e.Sent == "" {
		sent = "a reset was sent"
	}
	if e.Held != "" {
		held = fmt.Sprintf("%q", e.Held)
	}
	message := fmt.Sprintf("%s %d times and acknowledged, but the server has %s", sent, e.Attempts, held)
	if e.Interrupted != nil {
		message += fmt.Sprintf("; it was not sent again: %v", e.Interrupted)
	}
	return message
}

// NotListedError says that the server acknowledged an override several times but never listed it: it
// ignores the field, or stores it without showing it.
type NotListedError struct {
	Target
	// Sent is the image that was sent, Attempts how often.
	Sent     string
	Attempts int
	// StoredAs is the field that the server has stored the image under, if it was seen to; UndoErr is why that
	// could not be undone.
	StoredAs string
	UndoErr  error
}

func (e *NotListedError) Error() string { return e.Named(e.Reason()) }

// Reason says it without the name of the override.
func (e *NotListedError) Reason() string {
	switch {
	case e.StoredAs != "" && e.UndoErr != nil:
		return fmt.Sprintf("%q was sent, and the server stored it under the field %s. To undo that failed: %v", e.Sent, e.StoredAs, e.UndoErr)
	case e.StoredAs != "":
		return fmt.Sprintf("%q was sent, and the server stored it under the field %s. That was undone", e.Sent, e.StoredAs)
	}
	return fmt.Sprintf("%q was sent %d times and acknowledged, but the server has never listed it: it ignores the "+
		"field, or does not show it", e.Sent, e.Attempts)
}

// Advice says what to do next.
func (e *NotListedError) Advice() string {
	switch {
	case e.StoredAs != "" && e.UndoErr != nil:
		return fmt.Sprintf("Set the field %s instead, after importing it: it is overridden now, and no state has it.", e.StoredAs)
	case e.StoredAs != "":
		return fmt.Sprintf("Set the field %s instead: it is the name that the defaults list.", e.StoredAs)
	}
	return "Check the spelling of the field. An override that cannot be read cannot be managed: if Harness does " +
		"use it, set it outside of Terraform."
}

// RespelledError says that the server stores another spelling of the image that was sent.
type RespelledError struct {
	Target
	// Sent is the image that was sent, Held the one that the server has, Attempts how often it was sent.
	Sent, Held string
	Attempts   int
}

func (e *RespelledError) Error() string { return e.Named(e.Reason()) }

// Reason says it without the name of the override.
func (e *RespelledError) Reason() string {
	return fmt.Sprintf("%q was sent %d times and acknowledged, and each time the server stored it as %q", e.Sent, e.Attempts, e.Held)
}

// RefusedError says that the server refuses to set or reset one particular field.
type RefusedError struct {
	Target
	// Image is what was to be set; empty for a reset.
	Image string
	// Listed: the defaults list the field nevertheless.
	Listed bool
	// Err is the answer.
	Err error
}

func (e *RefusedError) Error() string { return e.Named(e.Reason()) }

// Reason says it without the name of the override: first what is known about the field, then the answer.
func (e *RefusedError) Reason() string {
	answer := e.Err.Error()
	if typed, ok := errors.AsType[interface {
		error
		Reason() string
	}](e.Err); ok {
		answer = typed.Reason()
	}
	switch {
	case e.Image == "":
		return "the server refuses to reset it. " + text.Sentence(answer)
	case e.Listed:
		return "the server refuses to set it, although its defaults list the field. " + text.Sentence(answer)
	}
	return "the server refuses to set it. " + text.Sentence(answer)
}

func (e *RefusedError) Unwrap() error { return e.Err }

// UnverifiedError says that the server acknowledged a write and could not be read afterwards.
type UnverifiedError struct {
	Target
	// Err is why the verifying read failed.
	Err error
}

func (e *UnverifiedError) Error() string { return e.Named(e.Reason()) }

// Reason says it without the name of the override.
func (e *UnverifiedError) Reason() string {
	return fmt.Sprintf("the write was acknowledged but could not be verified: %v", e.Err)
}

func (e *UnverifiedError) Unwrap() error { return e.Err }

// Acknowledged reports whether the server acknowledged a write, even if no read has shown it since.
func Acknowledged(err error) bool {
	_, unverified := errors.AsType[*UnverifiedError](err)
	return err == nil || unverified
}

// UncertainError says that a write got no usable answer and could not be read back either: it may or may
// not be stored.
type UncertainError struct {
	Target
	// Err is how the write failed, ReadErr how the verifying read did.
	Err, ReadErr error
}

func (e *UncertainError) Error() string { return e.Named(e.Reason()) }

// Reason says it without the name of the override.
func (e *UncertainError) Reason() string {
	return fmt.Sprintf("the write failed (%v), and so did reading it back (%v): it may or may not be "+
		"stored", e.Err, e.ReadErr)
}

func (e *UncertainError) Unwrap() []error { return []error{e.Err, e.ReadErr} }

// CancelledError says that the caller's context ended before the write was sent or, despite a further wait,
// before its outcome was known.
type CancelledError struct {
	Target
	// Sent: the write was on its way, so it may be stored.
	Sent bool
	// Err is the cause of the caller's context.
	Err error
}

func (e *CancelledError) Error() string { return e.Named(e.Reason()) }

// Reason says it without the name of the override.
func (e *CancelledError) Reason() string {
	if e.Sent {
		return fmt.Sprintf("cancelled after the write was sent; it may or may not be stored: %v", e.Err)
	}
	return fmt.Sprintf("cancelled before the write was sent: %v", e.Err)
}

func (e *CancelledError) Unwrap() error { return e.Err }

// LockedError says that another process on this machine has held the lock for so long that it may hang.
// Nothing was sent.
type LockedError struct {
	// Path is the lock file, Holder who holds it, in words.
	Path, Holder string
	Waited       time.Duration
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("another run is writing to the account: the lock is held by %s, and was not released within %s", e.Holder, e.Waited.Round(time.Second))
}

// Facts returns where the lock is.
func (e *LockedError) Facts() text.Facts { return text.Facts{{Name: "lock", Value: e.Path}} }

// Advice says what to do next.
func (e *LockedError) Advice() string {
	return "Nothing was changed. Let the other run finish or, if it hangs, end its process, which frees the lock. " +
		"Then run again. There is no need to delete the file."
}

// FieldErrors holds the fields of a Replace or ResetAll that failed, each with its error.
type FieldErrors map[string]error

func (e FieldErrors) Error() string {
	lines := make([]string, 0, len(e))
	for _, field := range slices.Sorted(maps.Keys(e)) {
		lines = append(lines, e[field].Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the errors in the order of their fields.
func (e FieldErrors) Unwrap() []error {
	errs := make([]error, 0, len(e))
	for _, field := range slices.Sorted(maps.Keys(e)) {
		errs = append(errs, e[field])
	}
	return errs
}
