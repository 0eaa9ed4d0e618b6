package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
	outward "github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// maxRedirects is how often an answer may send on to another place.
const maxRedirects = 5

// origin is a registry that has said how to talk to it.
type origin struct {
	registry  name.Registry
	base      url.URL // scheme and host
	challenge *transport.Challenge
	guard     *guard
}

// origin asks a registry once: HTTPS or, if allowed, HTTP; with or without a login.
func (c *Client) origin(ctx context.Context, host string) (*origin, error) {
	return share(withAnswer(ctx, words), &c.origins, host, func(ctx context.Context) (*origin, error) {
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
		o := &origin{registry: reg, guard: &guard{next: &retryTransport{c}, host: api, plain: plain}}
		o.challenge, err = transport.Ping(ctx, reg, o.guard)
		if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
			return nil, untrusted // and not what came of trying HTTP
		}
		if answer, ok := errors.AsType[*transport.Error](err); ok {
			return nil, &handshakeError{answer} // and not what came of trying HTTPS
		}
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
func (c *Client) login(ctx context.Context, o *origin, host, repo string, scopes ...string) (*noted, error) {
	key := host + " " + strings.Join(scopes, " ")
	return share(withAnswer(ctx, words), &c.logins, key, func(ctx context.Context) (*noted, error) {
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
					return nil, &callError{err: o.tokenFailure(err), note: why}
				}
				if token = *got; token.AccessToken != "" {
					token.Token = token.AccessToken
				}
				outward.Hide(token.Token, token.RefreshToken)
			}
		}
		tr, err := transport.FromToken(o.registry, auth, o.guard, o.challenge, &token)
		if err != nil {
			return nil, o.tokenFailure(err)
		}
		return &noted{next: tr, note: why}, nil
	})
}

// tokenFailure keeps what is known to be safe to show. Other errors of the library quote the token server's
// answer or a whole URL.
func (o *origin) tokenFailure(err error) error {
	if _, ok := errors.AsType[*transport.Error](err); ok {
		return &handshakeError{err}
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return withoutURL(err)
	}
	realm, _ := url.Parse(o.challenge.Parameters["realm"]) // nil is shown as no host
	host := "none"
	if realm != nil {
		host = text.Safe(realm.Host)
	}
	return problemf(Refused, "no token from the token server that the registry names (%s): its answer has none, or it must "+
		"not be asked, because it does not use HTTPS or has a private address that is not the registry's own", host)
}

// guard enforces what ggcr's transports must not get wrong: a credential goes only to the registry and its
// token server, and nothing in clear to a registry that speaks TLS or must.
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
		return nil, problemf(Refused, "the registry redirects to %s, an address of this machine's own network, which is "+
			"refused", req.URL.Host)
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
