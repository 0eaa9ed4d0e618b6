package registry

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

const (
	clientID = "terraform-provider-harnessci"

	// usualLife is how long a token lives if the token server does not say (distribution's token specification).
	usualLife = time.Minute
	// lifeMargin is how long before its end a token is no longer used, a quarter of its life at most.
	lifeMargin = 10 * time.Second
)

// login is what requests with certain scopes carry.
type login struct {
	header  string    // Authorization; "" for none
	note    error     // why there is no credential
	expires time.Time // zero: never
	worked  atomic.Bool
	retired atomic.Bool
}

func (l *login) expired() bool { return !l.expires.IsZero() && time.Now().After(l.expires) }

// login returns what adds the credential for the scopes to requests to a registry, such as
// "repository:harness/ci-addon:pull".
func (c *Client) login(ctx context.Context, e *endpoint, repo string, scopes []string) (*login, error) {
	key := loginKey(e, scopes)
	for {
		var fresh atomic.Bool // then it is used, however short its life
		l, err := share(withAnswer(ctx, aMessage), &c.logins, key, func(ctx context.Context) (*login, error) {
			fresh.Store(true)
			credential, why := c.credentials.find(ctx, e.host, repo)
			if ctx.Err() != nil {
				return nil, why
			}
			if why == nil && credential.none() {
				why = &NoLoginError{Host: e.host}
			}
			if e.challenge.scheme != "bearer" || credential.registryToken != "" {
				return &login{header: credential.header(), note: why}, nil
			}
			l, err := c.exchange(ctx, e, credential, scopes)
			if err != nil {
				return nil, &callError{err: err, note: why}
			}
			l.note = why
			return l, nil
		})
		if err != nil || fresh.Load() || !l.expired() {
			return l, err
		}
		c.retire(key, l)
	}
}

func loginKey(e *endpoint, scopes []string) string { return e.host + " " + strings.Join(scopes, " ") }

// retire makes the next call log in again.
func (c *Client) retire(key string, l *login) {
	if l.retired.CompareAndSwap(false, true) {
		c.logins.Forget(key)
	}
}

// renew logs in again after a 401, if that promises anything: the token has worked before, or the registry
// names a scope that was not asked for.
func (c *Client) renew(e *endpoint, l *login, scopes []string, header http.Header) (wider []string, ok bool) {
	if e.challenge.scheme != "bearer" {
		return nil, false
	}
	wider = scopes
	for scope := range strings.FieldsSeq(chooseChallenge(header).params["scope"]) {
		if !covers(scopes, scope) {
			wider = append([]string{scope}, wider...) // first, since some token servers look at no other
		}
	}
	if len(wider) == len(scopes) && !l.worked.Load() {
		return nil, false
	}
	c.retire(loginKey(e, scopes), l)
	return wider, true
}

// covers reports whether scopes include all that one names.
func covers(scopes []string, want string) bool {
	at := strings.LastIndex(want, ":")
	if at < 0 {
		return slices.Contains(scopes, want)
	}
	for action := range strings.SplitSeq(want[at+1:], ",") {
		if !slices.ContainsFunc(scopes, func(has string) bool {
			actions, ok := strings.CutPrefix(has, want[:at+1])
			return ok && slices.Contains(strings.Split(actions, ","), action)
		}) {
			return false
		}
	}
	return true
}

// credential is a registry's login; the zero value is none.
type credential struct{ username, password, identityToken, registryToken string }

func (c credential) none() bool { return c == credential{} }

// header is the credential as a registry or token server takes it; "" if there is none that it takes.
func (c credential) header() string {
	switch {
	case c.registryToken != "":
		return "Bearer " + c.registryToken
	case c.username != "" && c.password != "":
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.username+":"+c.password))
	}
	return ""
}

// hide registers what must not be shown.
func (c credential) hide() {
	transport.HideLogin(c.username, c.password)
	transport.Hide(c.identityToken, c.registryToken)
}

// exchange gets a token for the scopes from the token server that a registry names: with a password by GET,
// with an identity token by POST. No redirect is followed with a body, nor to another origin with a
// credential, and no error quotes what was sent or what came.
func (c *Client) exchange(ctx context.Context, e *endpoint, credential credential, scopes []string) (*login, error) {
	realm, err := url.Parse(e.challenge.params["realm"])
	if err != nil || realm.Host == "" {
		return nil, problemf(Refused, "the registry wants a token but does not name a valid token server")
	}
	e.own(realm)
	at := transport.Show(realm.Host)
	if realm.Scheme != "https" && e.base.Scheme == "https" {
		return nil, problemf(Refused, "no token from the token server that the registry names (%s): it does not use HTTPS, "+
			"and the registry does", at)
	}
	req, err := tokenRequest(ctx, realm, e.challenge.params["service"], credential, scopes)
	if err != nil {
		return nil, problemf(Refused, "no token from the token server that the registry names (%s): it cannot be asked", at)
	}
	by := c.carrier(e, transport.Origin(realm), "")
	if req.Method == http.MethodGet {
		by.header = credential.header()
	}
	client := &http.Client{Transport: by, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		same := transport.Origin(next.URL) == by.origin
		if len(via) > maxRedirects || req.Method != http.MethodGet || by.header != "" && !same {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	_ = resp.Body.Close() // in memory
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return nil, problemf(Refused, "the token server that the registry names (%s) redirects to another place (HTTP %d), "+
			"which is not followed with a login", at, resp.StatusCode)
	case resp.StatusCode != http.StatusOK:
		return nil, &handshakeError{newAnswerError(resp)}
	}
	l, ok := readToken(transport.Content(resp))
	if !ok {
		return nil, problemf(Refused, "no token from the token server that the registry names (%s): its answer has none", at)
	}
	return l, nil
}

// tokenRequest asks for a token (distribution's token specification, and its OAuth2 form).
func tokenRequest(ctx context.Context, realm *url.URL, service string, credential credential, scopes []string) (*http.Request, error) {
	target := *realm
	if credential.identityToken == "" {
		query := target.Query()
		query["scope"] = scopes
		if service != "" {
			query.Set("service", service)
		}
		target.RawQuery = query.Encode()
		return http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	}
	form := url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {credential.identityToken}, "client_id": {clientID},
		"service": {service}, "scope": {strings.Join(scopes, " ")},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(form.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req, err
}

// readToken reads a token server's answer; false if it has no token that a header can carry.
func readToken(body []byte) (*login, bool) {
	var answer struct {
		Token        string          `json:"token"`
		AccessToken  string          `json:"access_token"`
		RefreshToken string          `json:"refresh_token"`
		ExpiresIn    json.RawMessage `json:"expires_in"` // seconds; a string in some
	}
	err := json.Unmarshal(body, &answer)
	transport.Hide(answer.Token, answer.AccessToken, answer.RefreshToken)
	token := cmp.Or(answer.Token, answer.AccessToken)
	if err != nil || token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, false
	}
	life := usualLife
	if seconds, err := strconv.ParseFloat(strings.Trim(string(answer.ExpiresIn), `"`), 64); err == nil && seconds > 0 {
		life = time.Duration(min(seconds, 1e6) * float64(time.Second))
	}
	return &login{header: "Bearer " + token, expires: time.Now().Add(life - min(lifeMargin, life/4))}, true
}
