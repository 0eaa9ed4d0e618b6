package registry

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// Kind says what kept a call from succeeding.
type Kind int

// The kinds of errors.
const (
	// Refused is any other failure: the registry understood the request and refuses it.
	Refused Kind = iota
	// NotFound is a tag or digest that the repository does not have, according to the registry.
	NotFound
	// NoRepository is a repository that does not exist, according to the registry.
	NoRepository
	// Denied is a 401 or 403, which many registries also send for what does not exist.
	Denied
	// RateLimited is too many requests, up to the last attempt.
	RateLimited
	// Immutable is a tag that exists and may not be overwritten.
	Immutable
	// Mismatch is content that is not what its digest says. It is never stored under a tag.
	Mismatch
	// Untrusted is a certificate that does not verify.
	Untrusted
	// Unreachable is no answer, or a 5xx up to the last attempt. It proves nothing.
	Unreachable
	// Shared is a digest that is not deleted, since another tag has it.
	Shared
)

func (k Kind) String() string {
	return [...]string{
		"refused", "not found", "no such repository", "denied", "rate limited", "the tag is immutable",
		"the content is not what its digest says", "certificate not trusted", "no answer", "another tag has the same digest",
	}[k]
}

// Error is a failed call. It never contains a credential, nor the query of a URL.
type Error struct {
	Ref  string // what was requested, as name:tag or name@digest
	Host string // the registry that was called
	Kind Kind
	// Status is the HTTP status of the last answer; 0 if there was none.
	Status int
	// Request is what failed: method, host and path, such as "HEAD registry.example/v2/a/b/manifests/1"; may be empty.
	Request string
	// Side is "source" or "destination" in a copy.
	Side string
	// Code and Text are the registry's own words, escaped and shortened; may be empty.
	Code, Text string
	// RetryAfter is how long the registry asks to wait; 0 if it does not.
	RetryAfter time.Duration
	// Err is the cause below the registry's answer, or why no credential was sent; may be nil.
	Err error
}

// Error says on one line what was requested, what came, and the registry's words; in a copy, also which
// request of which side failed.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", e.Ref, e.Kind)
	var where []string
	if e.Status != 0 {
		where = append(where, strings.TrimSpace(fmt.Sprintf("HTTP %d %s", e.Status, cmp.Or(e.Code, http.StatusText(e.Status)))))
	}
	switch {
	case e.Side != "" && e.Request != "":
		where = append(where, e.Request+" at the "+e.Side)
	case e.Status != 0:
		where[0] += " from " + e.Host
	}
	if len(where) > 0 {
		b.WriteString(" (" + strings.Join(where, ", ") + ")")
	}
	if e.Text != "" {
		b.WriteString(": " + e.Text)
	}
	if e.Err != nil {
		b.WriteString(": " + transport.Show(e.Err.Error()))
	}
	return b.String()
}

// NoLoginError is why a request that was denied had no login.
type NoLoginError struct{ Host string } // the registry

func (e *NoLoginError) Error() string { return "no login is configured for " + e.Host }

// IsLogin reports whether the registry wants a login, or another one.
func (e *Error) IsLogin() bool { return e.Status == http.StatusUnauthorized }

// IsForbidden reports whether the registry knows the request's login, or none, and does not allow it this.
func (e *Error) IsForbidden() bool { return e.Status == http.StatusForbidden }

// IsTooLarge reports whether the registry, or a proxy in front of it, refuses a request of that size.
func (e *Error) IsTooLarge() bool { return e.Status == http.StatusRequestEntityTooLarge }

// Unwrap returns the cause, so that errors.Is finds a cancelled context.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of an error of this package; false for any other error.
func KindOf(err error) (Kind, bool) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return Refused, false
	}
	return e.Kind, true
}

// is reports whether err is of this package and of the kind.
func is(err error, kind Kind) bool {
	k, ok := KindOf(err)
	return ok && k == kind
}

// problem is an answer that is a success for HTTP but not for this package, or a broken rule of this
// package.
type problem struct {
	kind Kind
	text string
}

func (p *problem) Error() string { return p.text }

func problemf(kind Kind, format string, args ...any) error {
	return &problem{kind: kind, text: fmt.Sprintf(format, args...)}
}

// failure makes an *Error of whatever went wrong with r.
func failure(r ref, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	e := &Error{Ref: r.String(), Host: r.host, Side: r.side}
	if call, ok := errors.AsType[*callError](err); ok {
		e.Ref, e.Host = call.ref.String(), call.ref.host
		e.RetryAfter, e.Err = call.retryAfter, call.note
		e.Request, e.Side = call.request, call.ref.side
	}
	if answer, ok := errors.AsType[*answerError](err); ok {
		asked := e.Host
		e.readAnswer(answer)
		_, before := errors.AsType[*handshakeError](err)
		if e.Kind == NotFound && (before || e.Host != asked) {
			e.Kind = Refused // only the registry itself, asked for it, says that something is missing
		}
		if _, none := errors.AsType[*NoLoginError](e.Err); none && e.Kind != Denied {
			e.Err = nil
		}
		return e
	}
	e.Kind = Unreachable
	e.Err = cause(err)
	if p, ok := errors.AsType[*problem](err); ok {
		e.Kind, e.Err = p.kind, p
	} else if _, large := errors.AsType[*transport.TooLargeError](err); large || errors.Is(err, transport.ErrSwitched) {
		e.Kind = Refused
	} else if _, untrusted := errors.AsType[*tls.CertificateVerificationError](err); untrusted {
		e.Kind = Untrusted
	}
	return e
}

// cause is the error below a call.
func cause(err error) error {
	if call, ok := errors.AsType[*callError](err); ok {
		err = call.err
	}
	return withoutURL(err)
}
