// Package transport is shared by all HTTP clients of this provider: TLS, proxy, CAs, connection settings,
// and how long to wait before a request is sent again.
package transport

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"time"

	"github.com/hashicorp/go-cleanhttp"
)

const (
	maxHeader = 1 << 20

	// A dead connection is noticed within sendPing+pingTimeout, less than the usual request timeout, and
	// then counts as dropped, which may be retried.
	sendPing    = 10 * time.Second
	pingTimeout = 5 * time.Second
)

// New returns a transport: TLS 1.2 or later, verified against roots (nil: the system's), through the proxy
// that the environment names. It keeps idle connections; its owner closes them.
func New(roots *x509.CertPool) *http.Transport {
	tr := cleanhttp.DefaultPooledTransport()
	tr.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	tr.MaxResponseHeaderBytes = maxHeader
	tr.HTTP2 = &http.HTTP2Config{SendPingTimeout: sendPing, PingTimeout: pingTimeout}
	return tr
}
