package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

const (
	// maxRedirects is how often an answer may send on to another place.
	maxRedirects = 5

	// plainDelay is how long a registry that may speak plain HTTP has to answer over TLS before it is asked so.
	plainDelay = 300 * time.Millisecond

	dialTimeout = 30 * time.Second
)

// endpoint is a registry that has said how to talk to it.
type endpoint struct {
	host      string  // as in a reference
	base      url.URL // scheme and host of its API
	plain     bool    // plain HTTP is allowed
	challenge challenge
}

// endpoint asks a registry once: HTTPS or, if allowed, HTTP; with or without a login.
func (c *Client) endpoint(ctx context.Context, host string) (*endpoint, error) {
	return share(withAnswer(ctx, aMessage), &c.endpoints, host, func(ctx context.Context) (*endpoint, error) {
		api := apiHost(host)
		if imageref.CanonicalHost(api) == "" {
			return nil, problemf(Refused, "%s is not a registry's host name", transport.Show(api))
		}
		if isLoopback(api) || c.credentials.insecure(host) {
			return c.pingEither(ctx, host)
		}
		return c.ping(ctx, endpoint{host: host, base: url.URL{Scheme: "https", Host: api}})
	})
}

// pingEither asks a registry over TLS, and in clear if that fails or takes its time. If both fail, the
// error is what says most.
func (c *Client) pingEither(ctx context.Context, host string) (*endpoint, error) {
	type pinged struct {
		e      *endpoint
		err    error
		secure bool
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan pinged, 2)
	ask := func(scheme string) {
		e, err := c.ping(ctx, endpoint{host: host, base: url.URL{Scheme: scheme, Host: apiHost(host)}, plain: true})
		answers <- pinged{e, err, scheme == "https"}
	}
	go ask("https")
	timer := time.NewTimer(plainDelay)
	defer timer.Stop()
	var failed []pinged
	for {
		select {
		case <-timer.C:
			go ask("http")
		case a := <-answers:
			if a.err == nil {
				return a.e, nil
			}
			if failed = append(failed, a); len(failed) == 2 {
				slices.SortFunc(failed, func(a, b pinged) int { return weight(b.err, b.secure) - weight(a.err, a.secure) })
				return nil, failed[0].err
			}
			if a.secure && timer.Stop() {
				timer.Reset(0)
			}
		}
	}
}

// weight is how much the failure of a ping says.
func weight(err error, secure bool) int {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, answered := errors.AsType[*handshakeError](err)
	switch {
	case untrusted:
		return 4
	case answered:
		return 3
	case secure && !transport.SpeaksPlainHTTP(err):
		return 1
	case secure:
		return 0
	}
	return 2
}

// ping asks how to log in.
func (c *Client) ping(ctx context.Context, e endpoint) (*endpoint, error) {
	target := e.base
	target.Path = "/v2/"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.send(req, c.carrier(&e, "", ""))
	if err != nil {
		return nil, withoutURL(err)
	}
	_ = resp.Body.Close() // in memory
	if at := resp.Request.URL; at.Host == e.base.Host {
		e.base.Scheme = at.Scheme // a redirect to HTTPS
	}
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized:
		if e.challenge = chooseChallenge(resp.Header); e.challenge.scheme == "" {
			e.challenge.scheme = "basic" // the only one that needs no parameters
		}
	default:
		return nil, &handshakeError{newAnswerError(resp)}
	}
	return &e, nil
}

// own reports whether a URL is at the registry itself, and then writes it as the registry is known here.
// Behind proxies, registries get their own scheme, port and letter case wrong (moby/moby#18469,
// distribution/distribution#2266); what else they say is not the origin that a login is for.
func (e *endpoint) own(u *url.URL) bool {
	if !strings.EqualFold(strings.TrimSuffix(u.Hostname(), "."), e.base.Hostname()) {
		return false
	}
	usual := []string{"", "80", "443"}
	same := transport.Origin(u) == transport.Origin(&e.base) || u.Port() == e.base.Port() ||
		slices.Contains(usual, u.Port()) && slices.Contains(usual, e.base.Port())
	if same {
		u.Scheme, u.Host = e.base.Scheme, e.base.Host
	}
	return same
}

// carrier sends requests about a registry, wherever its answers lead, and holds what must not go wrong: the
// credential goes to one origin; nothing goes in clear to a registry that speaks TLS or must; nothing goes
// to the machine's own network, unless the registry is there; no other server learns what was asked before.
type carrier struct {
	c      *Client
	e      *endpoint
	origin string // that gets the credential
	header string // the credential, as the header Authorization; "" for none

	own, foreign http.RoundTripper // to the registry itself, and to wherever it sends on to
}

func (c *Client) carrier(e *endpoint, origin, header string) *carrier {
	return &carrier{c: c, e: e, origin: origin, header: header, own: c.http, foreign: c.foreign}
}

// RoundTrip implements http.RoundTripper.
func (t *carrier) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	for _, header := range []string{"Authorization", "Cookie", "Referer"} {
		req.Header.Del(header)
	}
	req.URL.User, req.Host = nil, ""
	own := t.e.own(req.URL)
	if req.URL.Scheme != "https" && (req.URL.Scheme != "http" || !t.e.plain) {
		return nil, problemf(Refused, "plain HTTP to %s is refused; allow it for this registry as insecure if it must be",
			transport.Show(req.URL.Host))
	}
	next := &retryTransport{c: t.c, next: t.own}
	if !own {
		if isPrivilegedHost(req.URL.Host) {
			return nil, problemf(Refused, "the registry sends on to %s, an address of this machine's own network, which is "+
				"refused", transport.Show(req.URL.Host))
		}
		next.next = t.foreign
	}
	if t.header != "" && transport.Origin(req.URL) == t.origin {
		req.Header.Set("Authorization", t.header)
	}
	return next.RoundTrip(req)
}

// send sends a request of a registry's API, and follows redirects: of GET and HEAD to anywhere, of other
// methods only within the origin and without a body.
func (c *Client) send(req *http.Request, by *carrier) (*http.Response, error) {
	client := &http.Client{Transport: by, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		first := via[0]
		reads := first.Method == http.MethodGet || first.Method == http.MethodHead
		switch {
		case len(via) > maxRedirects:
			return fmt.Errorf("more than %d redirects", maxRedirects)
		case !reads && (req.Method != first.Method || transport.Origin(req.URL) != transport.Origin(first.URL)):
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return client.Do(req)
}
