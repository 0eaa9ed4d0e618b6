// Package transport is shared by all HTTP clients of this provider: connections (TLS, proxy, CAs), single
// attempts that are bounded, when to send a request again, origins, and the secrets that no text may show.
package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"os"
	"strings"
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
	for _, proxy := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
		HideURL(os.Getenv(proxy))
	}
	tr := cleanhttp.DefaultPooledTransport()
	tr.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	tr.MaxResponseHeaderBytes = maxHeader
	tr.HTTP2 = &http.HTTP2Config{SendPingTimeout: sendPing, PingTimeout: pingTimeout}
	tr.OnProxyConnectResponse = func(_ context.Context, proxy *url.URL, asked *http.Request, answer *http.Response) error {
		if answer.StatusCode == http.StatusOK {
			return nil
		}
		return &ProxyError{Proxy: proxy.Host, Host: asked.Host, Status: answer.StatusCode}
	}
	return tr
}

// Origin is the normal form of a URL's origin: two URLs have the same scheme, host and port if theirs are
// equal.
func Origin(u *url.URL) string {
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	return scheme + "://" + strings.TrimSuffix(strings.ToLower(u.Hostname()), ".") + ":" + port
}
