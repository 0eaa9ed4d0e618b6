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

// told remembers which causes this run has told, so that what makes everything fail is told whole once.
// The zero value is ready.
type told struct {
	mu       sync.Mutex
	subjects map[string]string
	stopped  map[string]bool
}

// before returns the subject for which a cause was told, and whether it was; if not, it counts as told
// from now on. An error that is about its subject alone is never told before.
func (t *told) before(err error, subject fmt.Stringer) (first string, again bool) {
	cause, shared := causeOf(err)
	if !shared || subject == nil {
		return "", false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if first, again = t.subjects[cause]; again {
		return first, true
	}
	if t.subjects == nil {
		t.subjects = map[string]string{}
	}
	t.subjects[cause] = subject.String()
	return "", false
}

// stops reports that a cause has ended this run with an error before; it has from now on.
func (t *told) stops(err error) bool {
	cause, shared := causeOf(err)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped == nil {
		t.stopped = map[string]bool{}
	}
	was := t.stopped[cause]
	t.stopped[cause] = true
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

// failure is the diagnostic of an operation that did not succeed. The operation completes "Could
// not …" ("set the image override"); the subject names what it was about, or is nil. A cause that was
// told before is told in the one line that a CLI leaves to a diagnostic without a detail.
func (d *providerData) failure(operation string, subject fmt.Stringer, err error) diag.Diagnostic {
	if first, again := d.told.before(err, subject); again {
		return diag.NewErrorDiagnostic(fmt.Sprintf("Could not %s %s: the cause is the same as for %s", operation, subject, first), "")
	}
	return failure(operation, subject, err)
}

// unverified is the warning for a write that the server acknowledged and could not show since. CLIs show
// those whose cause was told before as one.
func (d *providerData) unverified(object string, subject fmt.Stringer, err error) diag.Diagnostic {
	if first, again := d.told.before(err, subject); again {
		return diag.NewWarningDiagnostic("Could not verify further writes",
			fmt.Sprintf("The cause is the same as for %s. The next plan shows whether they are stored.", first))
	}
	return unverified(object, subject, err)
}

// stopped is the diagnostic of a refresh or a plan that cannot go on. One error ends a run, so that further
// ones of the same cause are warnings, which CLIs show as one.
func (d *providerData) stopped(operation string, subject fmt.Stringer, err error) diag.Diagnostic {
	first, _ := d.told.before(err, subject)
	if d.told.stops(err) {
		return diag.NewWarningDiagnostic("Further resources could not be read or planned",
			fmt.Sprintf("The cause is the same as for %s.", first))
	}
	return failure(operation, subject, err)
}

// cannotWork reports that what made a read fail will make an apply fail, too, unlike an outage: the
// credential, the account, the endpoint or its certificate is not right.
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
