package harness

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// Error is a call that did not succeed. It never holds a credential.
type Error struct {
	// Call is the name of the API call, such as "update-config".
	Call string
	// Subject is what the call was about; nil where the call says it all.
	Subject Subject
	// Host is the host that was asked, and URL the scheme, host and path, without a query.
	Host, URL string
	// Status is the HTTP status of the last answer; 0 when there was none.
	Status int
	// Code, Message and CorrelationID are the server's own words, escaped and shortened
	// so that they can be shown; empty when the answer was no Harness envelope.
	Code, Message, CorrelationID string
	// RedirectHost is the scheme and host a 3xx answer pointed at, such as "https://app.harness.io".
	RedirectHost string
	// Credential names what authenticated the call ("api_key" or "bearer_token"), never its value.
	Credential string
	// Attempts is how often the request was sent.
	Attempts int
	// Uncertain reports that an attempt, not necessarily the last, may have taken effect.
	Uncertain bool
	// Codeless reports that the API tells its errors by a message alone.
	Codeless bool
	// Err is the cause below HTTP (connection, time-out, decoding); may be nil.
	Err error
}

// Error says on one line what was called, what came and why that is no success.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Call)
	if e.Subject != nil {
		b.WriteString(" " + e.Subject.String())
	}
	if e.Status == 0 {
		b.WriteString(": no answer from " + e.Host)
	} else {
		fmt.Fprintf(&b, ": HTTP %d", e.Status)
		if what := cmp.Or(e.Code, http.StatusText(e.Status)); what != "" {
			b.WriteString(" " + what)
		}
	}
	if e.RedirectHost != "" {
		b.WriteString(": redirects to " + e.RedirectHost + " are not followed")
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	var notes []string
	if e.CorrelationID != "" {
		notes = append(notes, "correlationId "+e.CorrelationID)
	}
	if e.Attempts > 1 {
		notes = append(notes, fmt.Sprintf("%d attempts", e.Attempts))
	}
	if notes != nil {
		b.WriteString(" (" + strings.Join(notes, ", ") + ")")
	}
	return b.String()
}

// Unwrap returns the cause below HTTP, so that errors.Is finds a cancelled context.
func (e *Error) Unwrap() error { return e.Err }

// IsRefused reports that the server understood a write and refused its content as a whole:
// HTTP 400 or 422, or an error behind a 2xx. Another content may pass.
func IsRefused(err error) bool {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok || transport.NeverSent(e.Err):
		return false
	case success(e.Status):
		return e.Err == nil && !IsUnauthorized(err) && !IsForbidden(err)
	}
	return e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity
}

// IsNotSent reports that the request cannot have taken effect: the answer was a redirect or
// a 4xx, so a gateway or the server turned it away before acting on it, or there was no
// connection; and the same holds for every earlier attempt.
func IsNotSent(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && !e.Uncertain && (e.Status >= 300 && e.Status < 500 || transport.NeverSent(e.Err))
}

// MayStillAct reports that the server may be at work on the request yet: no answer came, or a gateway
// answered in its place.
func MayStillAct(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Uncertain && (e.Status == 0 || e.Status == http.StatusBadGateway || e.Status == http.StatusGatewayTimeout)
}

// IsFailedInside reports that the API failed with HTTP 500 in its own words. A field that cannot be
// set gets the same as an outage of what is behind the API.
func IsFailedInside(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status == http.StatusInternalServerError && !transport.NeverSent(e.Err) &&
		(e.Code != "" || e.Codeless && e.Message != "")
}

// IsUnauthorized reports that the credential was not accepted.
func IsUnauthorized(err error) bool {
	return answered(err, http.StatusUnauthorized, "INVALID_TOKEN", "EXPIRED_TOKEN")
}

// IsForbidden reports that the credential lacks a permission.
func IsForbidden(err error) bool { return answered(err, http.StatusForbidden, "NG_ACCESS_DENIED") }

// IsNotFound reports that there is no such path or account.
func IsNotFound(err error) bool { return answered(err, http.StatusNotFound) }

// IsRateLimited reports that there were too many calls, up to the last attempt.
func IsRateLimited(err error) bool { return answered(err, http.StatusTooManyRequests) }

// IsRedirect reports that the answer was a redirect; none is followed.
func IsRedirect(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status >= 300 && e.Status < 400
}

// IsTimeout reports that no complete answer came in time.
func IsTimeout(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	timeout, ok := errors.AsType[net.Error](e.Err)
	return ok && timeout.Timeout()
}

// answered reports that the answer had the status, or one of the codes behind a 2xx.
func answered(err error, status int, codes ...string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.Status == status || success(e.Status) && slices.Contains(codes, e.Code))
}
