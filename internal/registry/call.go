package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// call is a request to a registry's API.
type call struct {
	method string
	ref    ref
	path   string   // below the host, or a whole URL that the registry gave
	scopes []string // nil: to read the reference's repository
	header http.Header
	body   *body
	want   []int // statuses that are successes
	// at is an origin that is no registry of the distribution API: the call has a whole path there, and no login.
	at *url.URL
}

// String is the method, host and path of a call.
func (c call) String() string {
	at := url.URL{Host: apiHost(c.ref.host)}
	if target, err := at.Parse(c.path); err == nil {
		at = *target
	}
	return c.method + " " + shownURL(&at)
}

// callError is a failed call.
type callError struct {
	err        error
	ref        ref
	request    string // method, host and path
	retryAfter time.Duration
	note       error // why it was sent without a credential
	withBody   bool  // so it was sent once
	renewed    bool  // the next such call has a new token
}

func (e *callError) Error() string { return e.err.Error() }
func (e *callError) Unwrap() error { return e.err }

// do sends a call. The answer's body is the caller's to close. Every error is a *callError.
func (c *Client) do(ctx context.Context, call call) (*http.Response, error) {
	if !asksSilent(ctx) {
		if err := c.silence.recall(call.ref.host); err != nil {
			return nil, err
		}
	}
	resp, err := c.try(ctx, call)
	if err == nil {
		c.silence.note(call.ref.host, nil)
		return resp, nil
	}
	e := callError{err: withoutURL(err)}
	if told, ok := errors.AsType[*callError](err); ok {
		e = *told // a copy: callers that waited for one login share its error
	}
	e.ref, e.request, e.withBody = call.ref, call.String(), call.body != nil
	if ctx.Err() == nil && !e.withBody { // a body's failure may be its source's
		c.silence.note(call.ref.host, &e)
	}
	return nil, &e
}

func (c *Client) try(ctx context.Context, call call) (*http.Response, error) {
	if call.at != nil {
		return c.tryAnonymously(ctx, call)
	}
	e, err := c.endpoint(ctx, call.ref.host)
	if err != nil {
		return nil, err
	}
	target, err := e.base.Parse(call.path)
	if err != nil {
		return nil, problemf(Refused, "the registry redirects to an invalid URL")
	}
	if call.scopes == nil {
		call.scopes = []string{pullScope(call.ref)}
	}
	asked := loginKey(e, call.scopes)
	if wider, ok := c.wider.Load(asked); ok {
		call.scopes, _ = wider.([]string)
	}
	for renewed := false; ; renewed = true {
		l, err := c.login(ctx, e, call.ref.repo, call.scopes)
		if err != nil {
			return nil, err
		}
		resp, err := c.request(ctx, call, e, target, l)
		if err != nil {
			return nil, err
		}
		if slices.Contains(call.want, resp.StatusCode) {
			l.worked.Store(true)
			if renewed {
				c.wider.Store(asked, call.scopes)
			}
			return resp, nil
		}
		failed := &callError{err: newAnswerError(resp)}
		_ = resp.Body.Close() // read already
		failed.retryAfter, _ = transport.RetryAfter(resp.Header, time.Now())
		at := *resp.Request.URL
		if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
			failed.note = l.note
			if own := e.own(&at); !own && l.header != "" {
				failed.note = fmt.Errorf("the registry sent the request on to %s, another origin, which gets no login", transport.Show(at.Host))
			} else if resp.StatusCode == http.StatusUnauthorized && own && !renewed {
				wider, ok := c.renew(e, l, call.scopes, resp.Header)
				if failed.renewed = ok; ok && call.body == nil {
					call.scopes = wider
					continue
				}
			}
		}
		return nil, failed
	}
}

// tryAnonymously sends a call without asking its origin first how to talk to it.
func (c *Client) tryAnonymously(ctx context.Context, call call) (*http.Response, error) {
	e := &endpoint{host: call.ref.host, base: url.URL{Scheme: call.at.Scheme, Host: call.at.Host}, plain: call.at.Scheme == "http"}
	target, err := e.base.Parse(call.path)
	if err != nil {
		return nil, problemf(Refused, "the path is not one of a URL")
	}
	resp, err := c.request(ctx, call, e, target, new(login))
	if err != nil || slices.Contains(call.want, resp.StatusCode) {
		return resp, err
	}
	_ = resp.Body.Close() // read already
	return nil, &callError{err: newAnswerError(resp), note: errNoLoginHere}
}

// errNoLoginHere says why a refused call had no credential.
var errNoLoginHere = errors.New("a login is only for the API of a registry, below /v2 over https")

// request sends a call once it is known where to, and as whom.
func (c *Client) request(ctx context.Context, call call, e *endpoint, target *url.URL, l *login) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, call.method, target.String(), nil)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, call.header)
	if call.body != nil {
		req.Body, req.ContentLength = call.body, call.body.size
		if call.body.size == 0 {
			req.Body = http.NoBody
		}
	}
	return c.send(req, c.carrier(e, transport.Origin(&e.base), l.header))
}

// fetch sends a call and passes on its answer's content. Only a few are in memory at a time, which limits
// what hostile ones take.
func (c *Client) fetch(ctx context.Context, call call, use func(resp *http.Response, content []byte) error) error {
	if wanted(ctx) != aDocument {
		ctx = withAnswer(ctx, aContent)
	}
	return inSlot(ctx, c.fetches, func() error {
		resp, err := c.do(ctx, call)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if err := use(resp, transport.Content(resp)); err != nil {
			return &callError{ref: call.ref, err: err}
		}
		return nil
	})
}

func pullScope(r ref) string { return "repository:" + r.repo + ":pull" }
func pushScope(r ref) string { return "repository:" + r.repo + ":push,pull" }

// handshakeError is an answer to what precedes a call: to the ping, or from a token server. It says nothing
// about the subject of the call.
type handshakeError struct{ error }

func (e *handshakeError) Unwrap() error { return e.error }

// status returns the status of a registry's answer to a failed call; 0 if there was none.
func status(err error) int {
	if _, ok := errors.AsType[*handshakeError](err); ok {
		return 0
	}
	answer, ok := errors.AsType[*answerError](err)
	if !ok {
		return 0
	}
	return answer.status
}
