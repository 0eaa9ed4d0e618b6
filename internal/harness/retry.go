package harness

import (
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	defaultRetryWaitMin = 500 * time.Millisecond
	defaultRetryWaitMax = 30 * time.Second

	// rateLimitFactor makes the first wait after a 429 without Retry-After 5 s: the vendor counts
	// calls per minute, and four such waits, doubling, outlast that minute.
	rateLimitFactor = 10

	// retryAfterFactor caps Retry-After at 60 s, a multiple of RetryWaitMax.
	retryAfterFactor = 2
)

// retryable reports whether the same request may succeed when it is sent again, given the outcome
// of an attempt: its status, or the error that kept an answer from coming.
func retryable(status int, err error) bool {
	if err == nil {
		return status == http.StatusTooManyRequests ||
			status >= http.StatusInternalServerError && status != http.StatusNotImplemented
	}
	if _, ok := errors.AsType[*timeoutError](err); ok {
		// The server may still be at it: a write sent again would be a second one in flight.
		return false
	}
	if _, ok := errors.AsType[*tooLargeError](err); ok {
		return false
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return false
	}
	return !errors.Is(err, http.ErrSchemeMismatch)
}

// unsentError is why a request was not sent at all.
type unsentError struct{ error }

func (e *unsentError) Unwrap() error { return e.error }

// neverReached reports that an attempt ended before the server can have seen the request.
func neverReached(err error) bool {
	if _, ok := errors.AsType[*unsentError](err); ok {
		return true
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "dial" || op.Op == "proxyconnect") {
		return true
	}
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	return untrusted || errors.Is(err, http.ErrSchemeMismatch)
}

// backoff returns how long to wait after an attempt (counted from 0): doubling from low to high,
// with up to half as much again at random so that clients do not return all at once, and never
// less than a Retry-After that lies within the cap. Its form is that of retryablehttp.Backoff.
func backoff(low, high time.Duration, attempt int, resp *http.Response) time.Duration {
	if resp != nil {
		if after := retryAfter(resp.Header); after > 0 {
			return min(after+rand.N(after/8+1), retryAfterFactor*high)
		}
		if resp.StatusCode == http.StatusTooManyRequests {
			low *= rateLimitFactor
		}
	}
	wait := low << min(attempt, 16) // further doubling would overflow
	return min(wait+rand.N(wait/2+1), high)
}

// retryAfter returns the wait that a Retry-After header asks for, in its two forms (RFC 9110,
// 10.2.3); 0 when there is none or it is no wait at all. A date is read against the server's own
// Date, so that a wrong clock on this side does not matter.
func retryAfter(header http.Header) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return until.Sub(now)
}
