package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
	retry "github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// maxRedirects is how often an answer may send on to another place.
const maxRedirects = 5

// origin is a registry that has been asked how it wants to be spoken to.
type origin struct {
	registry  name.Registry
	base      url.URL // scheme and host
	challenge *transport.Challenge
	guard     *guard
}

// origin asks a registry once: HTTPS or, where that is allowed, HTTP; login or none.
func (c *Client) origin(ctx context.Context, host string) (*origin, error) {
	return c.origins.do(ctx, host, func(ctx context.Context) (*origin, error) {
		api := apiHost(host)
		plain := isLoopback(api) || c.host(host).Insecure
		var opts []name.Option
		if plain {
			opts = append(opts, name.Insecure)
		}
		reg, err := name.NewRegistry(api, opts...)
		if err != nil {
			return nil, problemf(Refused, "%s is not a registry's host name", api)
		}
		o := &origin{registry: reg, guard: &guard{next: &attempts{c}, host: api, plain: plain}}
		o.challenge, err = transport.Ping(ctx, reg, o.guard)
		if err != nil {
			return nil, err
		}
		o.base = url.URL{Scheme: "https", Host: api}
		if o.challenge.Insecure {
			o.base.Scheme = "http"
		}
		o.guard.trusted = []string{o.base.Scheme + "://" + o.base.Host}
		if realm, err := url.Parse(o.challenge.Parameters["realm"]); err == nil && realm.Host != "" {
			o.guard.trusted = append(o.guard.trusted, realm.Scheme+"://"+realm.Host)
		}
		return o, nil
	})
}

// login returns what adds the credential for the scopes to requests to a registry, such as
// "repository:harness/ci-addon:pull". It refreshes a token that has expired.
func (c *Client) login(ctx context.Context, o *origin, host, repo string, scopes ...string) (http.RoundTripper, error) {
	key := host + " " + strings.Join(scopes, " ")
	return c.logins.do(ctx, key, func(ctx context.Context) (http.RoundTripper, error) {
		auth, why := c.credentials.find(ctx, host, repo)
		if auth == nil {
			return nil, why
		}
		var token transport.Token
		if strings.EqualFold(o.challenge.Scheme, "bearer") {
			cfg, err := auth.Authorization()
			if err != nil {
				return nil, err
			}
			if token.Token = cfg.RegistryToken; token.Token == "" {
				got, err := transport.Exchange(ctx, o.registry, auth, o.guard, scopes, o.challenge)
				if err != nil {
					return nil, &answerError{err: o.tokenFailure(err), note: why}
				}
				if token = *got; token.AccessToken != "" {
					token.Token = token.AccessToken
				}
			}
		}
		tr, err := transport.FromToken(o.registry, auth, o.guard, o.challenge, &token)
		if err != nil {
			return nil, o.tokenFailure(err)
		}
		return &noted{next: tr, note: why}, nil
	})
}

// tokenFailure keeps what is known to be fit to be shown. Other errors of the library quote the token
// server's answer or a whole URL.
func (o *origin) tokenFailure(err error) error {
	if _, ok := errors.AsType[*transport.Error](err); ok {
		return err
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return withoutURL(err)
	}
	realm, _ := url.Parse(o.challenge.Parameters["realm"]) // nil is shown as no host
	host := "none"
	if realm != nil {
		host = text.Safe(realm.Host)
	}
	return problemf(Refused, "no token from the token server that the registry names (%s): its answer holds none, or it may not "+
		"be asked, as it speaks no HTTPS or is named by a private address that is not the registry's own", host)
}

// guard holds what ggcr's transports must not get wrong: no credential goes anywhere but to the registry
// and its token server, and nothing in clear to a registry that speaks TLS or must.
type guard struct {
	next    http.RoundTripper
	host    string
	plain   bool     // plain HTTP is allowed
	trusted []string // origins that may see the credential; set once, before the first login
}

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme == "http" && !g.plain {
		return nil, problemf(Refused, "plain HTTP to %s is refused; allow it for this registry as insecure if it must be", req.URL.Host)
	}
	if req.URL.Host != g.host && isLinkLocal(req.URL.Host) {
		return nil, problemf(Refused, "the registry sends to %s, an address of this machine's own network, which is refused", req.URL.Host)
	}
	if req.Header.Get("Authorization") != "" && !g.trusts(req.URL) {
		req = req.Clone(req.Context())
		req.Header.Del("Authorization")
	}
	return g.next.RoundTrip(req)
}

func (g *guard) trusts(u *url.URL) bool {
	return slices.Contains(g.trusted, u.Scheme+"://"+u.Host)
}

// noted remembers why requests go without a credential.
type noted struct {
	next http.RoundTripper
	note error
}

func (n *noted) RoundTrip(req *http.Request) (*http.Response, error) { return n.next.RoundTrip(req) }

// answerError is an answer that is no success, with what its headers and the credentials tell.
type answerError struct {
	err        error
	retryAfter time.Duration
	note       error
}

func (e *answerError) Error() string { return e.err.Error() }
func (e *answerError) Unwrap() error { return e.err }

// call is a request to a registry's API.
type call struct {
	method string
	ref    ref
	path   string   // below /v2/, or a whole URL that the registry gave
	scopes []string // none: to read the reference's repository
	header http.Header
	body   *upload
	want   []int // statuses that are successes
}

// do sends a call. The answer's body is the caller's to close.
func (c *Client) do(ctx context.Context, call call) (*http.Response, error) {
	o, err := c.origin(ctx, call.ref.host)
	if err != nil {
		return nil, err
	}
	if call.scopes == nil {
		call.scopes = []string{pullScope(call.ref)}
	}
	tr, err := c.login(ctx, o, call.ref.host, call.ref.repo, call.scopes...)
	if err != nil {
		return nil, err
	}
	target, err := o.base.Parse(call.path)
	if err != nil {
		return nil, problemf(Refused, "the registry sends to what is no URL")
	}
	req, err := http.NewRequestWithContext(ctx, call.method, target.String(), nil)
	if err != nil {
		return nil, withoutURL(err)
	}
	maps.Copy(req.Header, call.header)
	if call.body != nil {
		req.Body, req.ContentLength = call.body, call.body.size
	}
	client := &http.Client{Transport: tr, CheckRedirect: checkRedirect}
	resp, err := client.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	if err := transport.CheckError(resp, call.want...); err != nil {
		resp.Body.Close()
		after, _ := retry.RetryAfter(resp.Header, time.Now())
		note := error(nil)
		if n, ok := tr.(*noted); ok && (resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden) {
			note = n.note
		}
		return nil, &answerError{err: err, retryAfter: after, note: note}
	}
	return resp, nil
}

func checkRedirect(_ *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	return nil
}

func pullScope(r ref) string { return "repository:" + r.repo + ":pull" }
func pushScope(r ref) string { return "repository:" + r.repo + ":push,pull" }

// status returns the status of an answer that was no success; 0 where there was none.
func status(err error) int {
	answer, ok := errors.AsType[*transport.Error](err)
	if !ok {
		return 0
	}
	return answer.StatusCode
}
