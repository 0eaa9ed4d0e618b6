package transport

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// NeverSent reports whether an attempt ended before the server can have seen the request: there was no
// connection, none that could be trusted, or the server refused its stream. With a Marked transport, it
// recognizes every failure before a connection.
func NeverSent(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "dial" || op.Op == "proxyconnect") {
		return true
	}
	_, unsent := errors.AsType[*UnsentError](err)
	return unsent || refusedStream(err) || permanentTLS(err)
}

// ProxyError is a proxy that does not connect to a host. It may have been asked to close, or to log in.
type ProxyError struct {
	Proxy, Host string // each with its port
	Status      int
}

// Error says which proxy refused what.
func (e *ProxyError) Error() string {
	return fmt.Sprintf("the proxy %s refused to connect to %s: HTTP %d %s", e.Proxy, e.Host, e.Status, http.StatusText(e.Status))
}

// Permanent reports whether the same request will fail again: the host's name or its certificate is wrong,
// or what listens there does not speak proper TLS.
func Permanent(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	proxy, refused := errors.AsType[*ProxyError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	return ok && dns.IsNotFound || refused && !TransientStatus(proxy.Status) || alert || permanentTLS(err)
}

// permanentTLS reports whether a failure is both never sent and permanent.
func permanentTLS(err error) bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	return untrusted || SpeaksPlainHTTP(err)
}

// SpeaksPlainHTTP reports whether what was to speak TLS answered in clear.
func SpeaksPlainHTTP(err error) bool {
	_, other := errors.AsType[tls.RecordHeaderError](err) // only http.Client turns it into ErrSchemeMismatch
	return other || errors.Is(err, http.ErrSchemeMismatch)
}

// UnsentError is why a request was not sent.
type UnsentError struct{ Err error }

func (e *UnsentError) Error() string { return e.Err.Error() }
func (e *UnsentError) Unwrap() error { return e.Err }

// Marked returns next with every failure before the server sees the request as an *UnsentError.
func Marked(next http.RoundTripper) http.RoundTripper { return marked{next} }

type marked struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper. A request is under way once it has a connection, unless net/http
// takes its body again, which it does only if no server has looked at the request: its stream was refused,
// or it was not written.
func (m marked) RoundTrip(req *http.Request) (*http.Response, error) {
	var underway atomic.Bool
	sent := req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { underway.Store(true) },
	}))
	if req.GetBody != nil {
		sent.GetBody = func() (io.ReadCloser, error) {
			underway.Store(false)
			return req.GetBody()
		}
	}
	resp, err := m.next.RoundTrip(sent)
	if err != nil && !underway.Load() && !NeverSent(err) {
		return nil, &UnsentError{err}
	}
	return resp, err
}

// streamError has the fields of net/http's unexported HTTP/2 stream error, whose method As converts to any
// such type.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return "stream error" }

// refusedStream reports whether the server refused an HTTP/2 stream, which means that it has not looked at
// the request (RFC 9113, 8.7).
func refusedStream(err error) bool {
	const refused = 0x7
	var stream streamError
	return errors.As(err, &stream) && stream.Code == refused
}
