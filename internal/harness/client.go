// Package harness is the client of the Harness execution-config API.
package harness

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

const defaultRequestTimeout = 30 * time.Second

// Config is what a Client needs to know. Endpoint, AccountID and one credential are required.
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
	// RetryWaitMin and RetryWaitMax bound the waits between attempts; zero: 0.5 s and 30 s. The
	// waits after a 429 scale with them: they start at ten times the former, and a Retry-After is
	// capped at twice the latter.
	RetryWaitMin, RetryWaitMax time.Duration
	// Log gets one message per attempt, never with a credential; nil: silent.
	Log func(ctx context.Context, msg string, fields map[string]any)
}

// Client makes calls for one account. It is safe for concurrent use.
type Client struct {
	cfg  Config
	http *http.Client
}

// New returns a client for cfg. It sends nothing.
func New(cfg Config) *Client {
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
	return &Client{cfg: cfg, http: newHTTPClient(transport.New(cfg.RootCAs), cfg.RequestTimeout)}
}

// DefaultImages returns the image that each field of the scope has where nothing overrides it
// (get-default-config). Its keys are the fields that there are. Every error is an *Error.
func (c *Client) DefaultImages(ctx context.Context, scope Scope) (map[string]string, error) {
	x, err := c.call(ctx, http.MethodGet, "get-default-config", scope, nil, nil)
	if err != nil {
		return nil, err
	}
	return x.images()
}

// CustomerImages returns the overrides of the scope (get-customer-config) or, with overridesOnly
// false, the image of every field. Fields with a blank value are left out: they are not set. A
// server may leave out overrides that equal the default. Every error is an *Error.
func (c *Client) CustomerImages(ctx context.Context, scope Scope, overridesOnly bool) (map[string]string, error) {
	x, err := c.call(ctx, http.MethodGet, "get-customer-config", scope,
		url.Values{"overridesOnly": {strconv.FormatBool(overridesOnly)}}, nil)
	if err != nil {
		return nil, err
	}
	images, err := x.images()
	maps.DeleteFunc(images, func(_, image string) bool { return strings.TrimSpace(image) == "" })
	return images, err
}

// fieldValue is an element of a write's body.
type fieldValue struct {
	Field string  `json:"field"`
	Value *string `json:"value,omitempty"` // nil in a reset
}

// UpdateImages overrides images, a map from field to image, in one request (update-config), or does
// nothing when there are none. It returns nil when the server acknowledged; the server does so too
// when a write in flight at the same time undoes this one. Every error is an *Error.
func (c *Client) UpdateImages(ctx context.Context, scope Scope, images map[string]string) error {
	var body []fieldValue
	for _, field := range slices.Sorted(maps.Keys(images)) {
		body = append(body, fieldValue{Field: field, Value: new(images[field])})
	}
	return c.write(ctx, "update-config", scope, body)
}

// ResetImages removes the overrides of fields, whether there are any or not, in one request
// (reset-config). As for what nil means and errors are, see UpdateImages.
func (c *Client) ResetImages(ctx context.Context, scope Scope, fields []string) error {
	var body []fieldValue
	for _, field := range slices.Compact(slices.Sorted(slices.Values(fields))) {
		body = append(body, fieldValue{Field: field})
	}
	return c.write(ctx, "reset-config", scope, body)
}

func (c *Client) write(ctx context.Context, call string, scope Scope, body []fieldValue) error {
	if len(body) == 0 {
		return nil
	}
	x, err := c.call(ctx, http.MethodPost, call, scope, nil, body)
	if err != nil {
		return err
	}
	return x.acknowledged()
}

// call makes an execution-config call.
func (c *Client) call(ctx context.Context, method, call string, scope Scope, query url.Values, body any) (*exchange, error) {
	if query == nil {
		query = url.Values{}
	}
	query.Set("accountIdentifier", c.cfg.AccountID)
	query.Set("infra", string(scope.Infra))
	r := request{call: call, scope: scope, method: method}
	r.url = c.cfg.Endpoint.JoinPath(modulePaths[scope.Module], "execution-config", call)
	r.url.RawQuery = query.Encode()
	if !scope.Valid() {
		return nil, (&exchange{request: r, client: c}).failure(errors.New("there is no such module or infra"))
	}
	if body != nil {
		var err error
		if r.body, err = json.Marshal(body); err != nil {
			return nil, (&exchange{request: r, client: c}).failure(err)
		}
	}
	return c.do(ctx, r)
}

// authenticate sets the credential and returns its name.
func (c *Client) authenticate(header http.Header) (string, error) {
	if strings.ContainsFunc(c.cfg.APIKey+c.cfg.BearerToken, unicode.IsControl) {
		return "", errors.New("the credential holds a control character, which no HTTP header can carry")
	}
	if c.cfg.APIKey != "" {
		header.Set("X-API-KEY", c.cfg.APIKey)
		return "api_key", nil
	}
	header.Set("Authorization", "Bearer "+c.cfg.BearerToken)
	return "bearer_token", nil
}

// show makes a text from outside fit to be shown: without the credential, which a server may echo,
// and safe.
func (c *Client) show(s string) string {
	for _, secret := range []string{c.cfg.APIKey, c.cfg.BearerToken} {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "[redacted]")
		}
	}
	return text.Safe(s)
}

// longestPlain is how many bytes of a field, an image or a repository are taken as they are; no
// reference is longer than 600.
const longestPlain = 1 << 10

// plain returns a field, an image or a repository as it is, or fit to be shown where it cannot be one:
// CLIs show values of several lines as they are, and whole.
func (c *Client) plain(s string) string {
	if len(s) > longestPlain || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return c.show(s)
	}
	return s
}

// cause returns err with a text fit to be shown; nil for nil. The text of a url.Error holds the
// whole URL and is left out.
func (c *Client) cause(err error) error {
	if err == nil {
		return nil
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	said := err.Error()
	switch err.(type) { //nolint:errorlint // what is wrapped does not begin the text
	case *net.OpError: // begins with "dial tcp", "read tcp" …
		said = "the connection failed: " + said
	default:
		if said == io.EOF.Error() {
			said = "the connection was closed before an answer came"
		}
	}
	return &shownError{text: c.show(said), err: err}
}

// shownError is an error with another text.
type shownError struct {
	text string
	err  error
}

func (e *shownError) Error() string { return e.text }
func (e *shownError) Unwrap() error { return e.err }
