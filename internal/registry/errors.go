package registry

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	outward "github.com/harnessci/terraform-provider-harnessci/internal/transport"
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
)

func (k Kind) String() string {
	return [...]string{
		"refused", "not found", "no such repository", "denied", "rate limited", "the tag is immutable",
		"the content is not what its digest says", "certificate not trusted", "no answer",
	}[k]
}

// Error is a failed call. It never contains a credential, nor the query of a URL.
type Error struct {
	Ref  string // what was requested, as name:tag or name@digest
	Host string // the registry that was called
	Kind Kind
	// Status is the HTTP status of the last answer; 0 if there was none.
	Status int
	// Code and Text are the registry's own words, escaped and shortened; may be empty.
	Code, Text string
	// RetryAfter is how long the registry asks to wait; 0 if it does not.
	RetryAfter time.Duration
	// Err is the cause below the registry's answer, or why no credential was sent; may be nil.
	Err error
}

// Error says on one line what was requested, what came, and the registry's words.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", e.Ref, e.Kind)
	if e.Status != 0 {
		fmt.Fprintf(&b, " (HTTP %d %s from %s)", e.Status, cmp.Or(e.Code, http.StatusText(e.Status)), e.Host)
	}
	if e.Text != "" {
		b.WriteString(": " + e.Text)
	}
	if e.Err != nil {
		b.WriteString(": " + outward.Show(e.Err.Error()))
	}
	return b.String()
}

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
	e := &Error{Ref: r.String(), Host: r.host}
	if call, ok := errors.AsType[*callError](err); ok {
		e.Ref, e.Host = call.ref.String(), call.ref.host
		e.RetryAfter, e.Err = call.retryAfter, call.note
	}
	if answer, ok := errors.AsType[*transport.Error](err); ok {
		asked := e.Host
		e.readAnswer(answer)
		_, before := errors.AsType[*handshakeError](err)
		if e.Kind == NotFound && (before || e.Host != asked) {
			e.Kind = Refused // only the registry itself, asked for it, says that something is missing
		}
		return e
	}
	e.Kind = Unreachable
	e.Err = cause(err)
	if p, ok := errors.AsType[*problem](err); ok {
		e.Kind, e.Err = p.kind, p
	} else if _, large := errors.AsType[*outward.TooLargeError](err); large || errors.Is(err, outward.ErrSwitched) {
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

// readAnswer takes the kind and the words from a registry's or token server's answer.
func (e *Error) readAnswer(answer *transport.Error) {
	e.Status = answer.StatusCode
	var said []string
	for _, d := range answer.Errors {
		e.Code = cmp.Or(e.Code, outward.Show(string(d.Code)))
		if d.Message != "" {
			said = append(said, d.Message)
		}
		if detail, ok := d.Detail.(string); ok && detail != "" {
			said = append(said, detail)
		}
	}
	if answer.Request != nil && answer.Request.URL.Host != apiHost(e.Host) {
		e.Host = answer.Request.URL.Host // a token server, or where the registry redirected to
	}
	e.Text = outward.Show(strings.Join(said, "; "))
	write := answer.Request != nil && answer.Request.Method == http.MethodPut
	switch {
	case e.Status == http.StatusTooManyRequests || e.Code == string(transport.TooManyRequestsErrorCode):
		e.Kind = RateLimited
	case e.Code == string(transport.NameUnknownErrorCode) && e.Status == http.StatusNotFound:
		e.Kind = NoRepository
	case e.Status == http.StatusNotFound:
		e.Kind = NotFound
	case e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden:
		e.Kind = Denied
	case write && (e.Status == http.StatusPreconditionFailed || e.Code == string(transport.TagInvalidErrorCode)):
		e.Kind = Immutable // Harbor and ECR, in this order
	case e.Code == string(transport.DigestInvalidErrorCode):
		e.Kind = Mismatch
	case e.Status >= http.StatusInternalServerError:
		e.Kind = Unreachable
	}
}
