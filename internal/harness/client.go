// Package harness is a client of the Harness API: one file per API object, on top of do.go, the one place
// where HTTP happens.
package harness

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

const (
	defaultRetryWaitMin   = 500 * time.Millisecond
	defaultRetryWaitMax   = 30 * time.Second
	defaultRequestTimeout = 30 * time.Second
	defaultMaxAnswer      = 2 << 20
)

// Config configures a Client. Endpoint, AccountID and one credential are required.
type Config struct {
	// Endpoint is the API's base, such as https://app.harness.io/gateway; a trailing slash is
	// tolerated, user info and query are not used.
	Endpoint  *url.URL
	AccountID string
	// APIKey is sent as X-API-KEY, BearerToken as Authorization: Bearer; exactly one is set.
	APIKey, BearerToken string
	// RequestTimeout is the time for one attempt, its body included; zero: 30 s.
	RequestTimeout time.Duration
	// MaxRetries is how often a request may be sent again.
	MaxRetries int
	UserAgent  string
	// RootCAs are the CAs to trust; nil: the system's.
	RootCAs *x509.CertPool
	// Transport sends the requests instead of the network, for tests; nil: the network.
	Transport http.RoundTripper
	// RetryWaitMin and RetryWaitMax bound the waits between attempts; zero: 0.5 s and 30 s. The
	// waits after a 429 scale with them: they start at ten times the first, and a Retry-After
	// beyond twice the second is not waited for.
	RetryWaitMin, RetryWaitMax time.Duration
	// MaxAnswer is how many bytes of an answer are read; zero: 2 MiB, a hundred times a real one.
	MaxAnswer int64
	// Log gets one message per attempt, never with a credential; nil: silent.
	Log func(ctx context.Context, msg string, fields map[string]any)
}

// Client makes calls for one account. It is safe for concurrent use.
type Client struct {
	cfg       Config
	transport http.RoundTripper
	http      *http.Client // for attempts of the usual length

	odd     oddities
	outages outages
	dbops   atomic.Pointer[url.URL] // where Database DevOps answers; nil until known
	// dbopsResets is the form of a reset that Database DevOps has taken; nil until known.
	dbopsResets atomic.Pointer[resetForm]
}

// New returns a client for cfg. It sends nothing.
func New(cfg Config) *Client {
	transport.HideURL(cfg.Endpoint.String())
	endpoint := *cfg.Endpoint
	endpoint.User, endpoint.RawQuery, endpoint.Fragment = nil, "", ""
	if endpoint.Path == "" {
		endpoint.Path = "/"
	}
	cfg.Endpoint = &endpoint
	if cfg.RequestTimeout <= 0 {
		cfg.RequestTimeout = defaultRequestTimeout
	}
	if cfg.RetryWaitMin <= 0 {
		cfg.RetryWaitMin = defaultRetryWaitMin
	}
	if cfg.RetryWaitMax <= 0 {
		cfg.RetryWaitMax = defaultRetryWaitMax
	}
	cfg.MaxAnswer = cmp.Or(cfg.MaxAnswer, defaultMaxAnswer)
	transport.Hide(cfg.APIKey, cfg.BearerToken)
	tr := cfg.Transport
	if tr == nil {
		tr = transport.New(cfg.RootCAs)
	}
	return &Client{cfg: cfg, transport: tr, http: newHTTPClient(tr, cfg.RequestTimeout, cfg.MaxAnswer)}
}

// newHTTPClient returns the client that makes single attempts.
func newHTTPClient(tr http.RoundTripper, timeout time.Duration, maxAnswer int64) *http.Client {
	return &http.Client{
		Transport: &transport.Attempt{Next: transport.Marked(tr), Timeout: timeout, Limit: maxAnswer},
		// A followed redirect would carry X-API-KEY to another host and turn a POST into a GET.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// attempts returns the client for single attempts with this timeout; 0: the usual one.
func (c *Client) attempts(timeout time.Duration) *http.Client {
	if timeout <= c.cfg.RequestTimeout {
		return c.http
	}
	return newHTTPClient(c.transport, timeout, c.cfg.MaxAnswer)
}

// send makes an API call below the endpoint. The account goes into the query, which may be nil; a body is
// sent as JSON.
func (c *Client) send(ctx context.Context, r request, path string, query url.Values, body any) (*exchange, error) {
	if query == nil {
		query = url.Values{}
	}
	query.Set("accountIdentifier", c.cfg.AccountID)
	r.url = c.cfg.Endpoint.JoinPath(path)
	r.url.RawQuery = query.Encode()
	if body != nil {
		var err error
		if r.body, err = json.Marshal(body); err != nil {
			return nil, c.unsent(r, err)
		}
	}
	return c.do(ctx, r)
}

// unsent makes the error of a call that cannot be sent.
func (c *Client) unsent(r request, cause error) *Error {
	return (&exchange{request: r, client: c}).failure(cause)
}

// authenticate sets the credential and returns its name.
func (c *Client) authenticate(header http.Header) (string, error) {
	if strings.ContainsFunc(c.cfg.APIKey+c.cfg.BearerToken, unicode.IsControl) {
		return "", errors.New("the credential contains a control character, which no HTTP header can carry")
	}
	if c.cfg.APIKey != "" {
		header.Set("X-API-KEY", c.cfg.APIKey)
		return "api_key", nil
	}
	header.Set("Authorization", "Bearer "+c.cfg.BearerToken)
	return "bearer_token", nil
}

// longestPlain is the length in bytes up to which a field, an image or a repository is kept as it is; no
// reference is longer than 600.
const longestPlain = 1 << 10

// plain returns a field, an image or a repository as it is, or made safe to show if it cannot be one: CLIs
// show multi-line values verbatim and in full. No secret that a server echoes as one is kept.
func plain(s string) string {
	if len(s) > longestPlain || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return transport.Show(s)
	}
	return transport.RedactValue(s)
}

// shownCause returns err with a text that is safe to show; nil for nil. The text of a url.Error has the whole
// URL and is left out.
func shownCause(err error) error {
	if err == nil {
		return nil
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	said := err.Error()
	switch err.(type) { //nolint:errorlint // a wrapped one does not begin the text
	case *net.OpError: // begins with "dial tcp", "read tcp" …
		said = "the connection failed: " + said
	default:
		if said == io.EOF.Error() {
			said = "the connection was closed before an answer came"
		}
	}
	return &shownError{text: transport.Show(said), err: err}
}

// shownError is an error with another text.
type shownError struct {
	text string
	err  error
}

func (e *shownError) Error() string { return e.text }
func (e *shownError) Unwrap() error { return e.err }

// Origin returns the scheme and host of the endpoint.
func (c *Client) Origin() *url.URL {
	return &url.URL{Scheme: c.cfg.Endpoint.Scheme, Host: c.cfg.Endpoint.Host}
}
