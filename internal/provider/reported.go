package provider

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// reported remembers the causes that this run has reported, so that one which fails everything is explained
// once. The zero value is ready.
type reported struct {
	mu       sync.Mutex
	subjects map[string]string
	stopped  map[string]bool
}

// before returns the subject that a shared cause was first reported for (again); otherwise it records this
// one. An error about its subject alone has no shared cause.
func (r *reported) before(err error, subject fmt.Stringer) (first string, again bool) {
	cause, shared := causeOf(err)
	if !shared || subject == nil {
		return "", false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if first, again = r.subjects[cause]; again {
		return first, true
	}
	if r.subjects == nil {
		r.subjects = map[string]string{}
	}
	r.subjects[cause] = subject.String()
	return "", false
}

// stops reports whether a cause has already failed this run, and records that it has.
func (r *reported) stops(err error) bool {
	cause, shared := causeOf(err)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped == nil {
		r.stopped = map[string]bool{}
	}
	was := r.stopped[cause]
	r.stopped[cause] = true
	return shared && was
}

// causeOf names what an error shares with those of other resources: what the server or the network does
// to every request, or an interrupt. The call, its subject and its ids do not count.
func causeOf(err error) (cause string, shared bool) {
	if cancelled, ok := errors.AsType[*execconfig.CancelledError](err); ok {
		return cancelled.Reason(), true
	}
	if uncertain, ok := errors.AsType[*execconfig.UncertainError](err); ok {
		cause, shared = causeOf(uncertain.Err)
		return "uncertain: " + cause, shared
	}
	if unverified, ok := errors.AsType[*execconfig.UnverifiedError](err); ok {
		cause, shared = causeOf(unverified.Err)
		return "unverified: " + cause, shared
	}
	call, ok := err.(*harness.Error) //nolint:errorlint // what wraps a call says more
	if !ok {
		return "", false
	}
	if call = call.Origin(); call.Status == 0 {
		return fmt.Sprintf("%s %t", call.Host, harness.IsTimeout(call)), !errors.Is(err, context.Canceled)
	}
	return fmt.Sprintf("%s %d %s %s %s %v", call.Host, call.Status, call.Code, call.Message, call.RedirectHost, call.Err), true
}

// failure is the diagnostic of an operation that did not succeed. The operation completes "Could not …"
// ("set the image override"); the subject names what it was about, or is nil. A cause that was reported
// before takes one line: a diagnostic without a detail.
func (d *providerData) failure(operation string, subject fmt.Stringer, err error) diag.Diagnostic {
	if first, again := d.reported.before(err, subject); again {
		return diag.NewErrorDiagnostic(fmt.Sprintf("Could not %s %s: the cause is the same as for %s", operation, subject, first), "")
	}
	return failure(operation, subject, err)
}

// unverified is the warning for a write that the server acknowledged and that could not be read back. CLIs
// merge those whose cause was reported before.
func (d *providerData) unverified(object string, subject fmt.Stringer, err error) diag.Diagnostic {
	if first, again := d.reported.before(err, subject); again {
		return diag.NewWarningDiagnostic("Could not verify further writes",
			fmt.Sprintf("The cause is the same as for %s. The next plan shows whether they are stored.", first))
	}
	return unverified(object, subject, err)
}

// stopped is the diagnostic of a refresh or a plan that cannot go on. One error fails the run, so repeats
// of its cause are warnings, which CLIs merge.
func (d *providerData) stopped(operation string, subject fmt.Stringer, err error) diag.Diagnostic {
	first, _ := d.reported.before(err, subject)
	if d.reported.stops(err) {
		return diag.NewWarningDiagnostic("Further resources could not be read or planned",
			fmt.Sprintf("The cause is the same as for %s.", first))
	}
	return failure(operation, subject, err)
}

// cannotWork reports whether the cause of a failed read will fail the apply, too, unlike an outage: a wrong
// credential, account, endpoint or certificate.
func cannotWork(err error) bool {
	call, ok := errors.AsType[*harness.Error](err)
	if !ok {
		return false
	}
	switch call.Status {
	case statusRequestTimeout, statusConflict, statusTooEarly, statusTooManyRequests:
		return false
	case 0:
		_, untrusted := errors.AsType[*tls.CertificateVerificationError](call.Err)
		return untrusted
	}
	notTheAPI := call.Status < statusRedirect && call.Err != nil
	refused := call.Status >= statusRedirect && call.Status < statusServerError
	return refused || notTheAPI || harness.IsUnauthorized(call) || harness.IsForbidden(call)
}
