package harness

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// Error is a failed call. It never contains a credential.
type Error struct {
	// Call is the name of the API call, such as "update-config".
	Call string
	// Subject is what the call was about; nil if the call says it all.
	Subject Subject
	// Host is the host that was called, and URL the scheme, host and path, without a query.
	Host, URL string
	// Status is the HTTP status of the last answer; 0 when there was none.
	Status int
	// Code, Message and CorrelationID are the server's own words, escaped and shortened so that they can be
	// shown; empty if the answer was not a Harness envelope.
	Code, Message, CorrelationID string
	// RedirectHost is the scheme and host a 3xx answer pointed at, such as "https://app.harness.io".
	RedirectHost string
	// Credential names what authenticated the call ("api_key" or "bearer_token"), never its value.
	Credential string
	// Attempts is how often the request was sent.
	Attempts int
	// RetryAfter is how long the server asks to wait; 0 if it does not.
	RetryAfter time.Duration
	// Uncertain: an attempt, not necessarily the last, may have taken effect.
	Uncertain bool
	// Codeless: the API's errors have only a message.
	Codeless bool
	// Err is the cause below HTTP (connection, time-out, decoding); may be nil.
	Err error
}

// Error says on one line what was called, what came and why that is not a success.
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

// IsRefused reports whether the server understood a write and refused its content as a whole: HTTP 400 or
// 422, or an error behind a 2xx. Other content may pass.
func IsRefused(err error) bool {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok || transport.NeverSent(e.Err):
		return false
	case transport.Success(e.Status):
		return e.Err == nil && !IsUnauthorized(err) && !IsForbidden(err)
	}
	return e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity
}

// IsNotSent reports whether the request cannot have taken effect, in any attempt: the answer was a redirect
// or a 4xx, so a gateway or the server rejected it before acting on it, or there was no connection.
func IsNotSent(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && !e.Uncertain && (e.Status >= 300 && e.Status < 500 || transport.NeverSent(e.Err))
}

// MayStillAct reports whether the server may still be at work on the request: no answer came, or a gateway
// answered for it.
func MayStillAct(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Uncertain && (e.Status == 0 || e.Status == http.StatusBadGateway || e.Status == http.StatusGatewayTimeout)
}

// IsFailedInside reports whether the API failed with HTTP 500 in its own words: an outage behind the API
// and a field that cannot be set look the same.
func IsFailedInside(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status == http.StatusInternalServerError && !transport.NeverSent(e.Err) &&
		(e.Code != "" || e.Codeless && e.Message != "")
}

// IsUnauthorized reports whether the credential was rejected.
func IsUnauthorized(err error) bool {
	return answered(err, http.StatusUnauthorized, "INVALID_TOKEN", "EXPIRED_TOKEN")
}

// IsForbidden reports whether the credential lacks a permission.
func IsForbidden(err error) bool { return answered(err, http.StatusForbidden, "NG_ACCESS_DENIED") }

// IsNotFound reports whether there is no such path or account.
func IsNotFound(err error) bool { return answered(err, http.StatusNotFound) }

// IsRateLimited reports whether there were too many calls, up to the last attempt.
func IsRateLimited(err error) bool { return answered(err, http.StatusTooManyRequests) }

// IsTooLarge reports whether the server, or a proxy in front of it, refuses a request of that size.
func IsTooLarge(err error) bool { return answered(err, http.StatusRequestEntityTooLarge) }

// IsConflict reports whether another writer changed the account at the same time.
func IsConflict(err error) bool { return answered(err, http.StatusConflict) }

// IsUnavailable reports whether the server, or a gateway in front of it, answered with a 5xx.
func IsUnavailable(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status >= http.StatusInternalServerError
}

// IsUnanswered reports whether no answer came at all.
func IsUnanswered(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status == 0
}

// IsUntrusted reports whether the server's certificate does not verify.
func IsUntrusted(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Status != 0 {
		return false
	}
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](e.Err)
	return untrusted
}

// IsLasting reports whether another call cannot succeed either, unlike in an outage: a wrong credential,
// account, endpoint or certificate.
func IsLasting(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	case 0:
		return IsUntrusted(err)
	}
	notTheAPI := transport.Success(e.Status) && e.Err != nil
	refused := e.Status >= http.StatusMultipleChoices && e.Status < http.StatusInternalServerError
	return refused || notTheAPI || IsUnauthorized(err) || IsForbidden(err)
}

// IsRedirect reports whether the answer was a redirect; none is followed.
func IsRedirect(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status >= 300 && e.Status < 400
}

// IsTimeout reports whether no complete answer came in time.
func IsTimeout(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	timeout, ok := errors.AsType[net.Error](e.Err)
	return ok && timeout.Timeout()
}

// answered reports whether the answer had the status, or one of the codes behind a 2xx.
func answered(err error, status int, codes ...string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.Status == status || transport.Success(e.Status) && slices.Contains(codes, e.Code))
}
