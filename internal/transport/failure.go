package transport

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
)

// NeverSent reports that an attempt ended before the server can have seen the request: there was
// no connection, or none that could be trusted.
func NeverSent(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "dial" || op.Op == "proxyconnect") {
		return true
	}
	return hopelessTLS(err)
}

// Hopeless reports that the same request, sent again, will fail likewise: the host's name or its
// certificate is wrong, or what listens there does not speak TLS.
func Hopeless(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound || hopelessTLS(err)
}

func hopelessTLS(err error) bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err) // http.Client alone makes it ErrSchemeMismatch
	return untrusted || plain || errors.Is(err, http.ErrSchemeMismatch)
}
