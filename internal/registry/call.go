package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"

	registrytransport "github.com/google/go-containerregistry/pkg/v1/remote/transport"

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
}

// callError is a failed call.
type callError struct {
	err        error
	ref        ref
	retryAfter time.Duration
	note       error // why it was sent without a credential
	withBody   bool  // so it was sent once
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
	e.ref, e.withBody = call.ref, call.body != nil
	if ctx.Err() == nil && !e.withBody { // a body's failure may be its source's
		c.silence.note(call.ref.host, &e)
	}
	return nil, &e
}

func (c *Client) try(ctx context.Context, call call) (*http.Response, error) {
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
		return nil, problemf(Refused, "the registry redirects to an invalid URL")
	}
	if target.Host == o.base.Host {
		target.Scheme = o.base.Scheme // some proxies get that wrong
	}
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
	client := &http.Client{Transport: tr, CheckRedirect: checkRedirect}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if err := registrytransport.CheckError(resp, call.want...); err != nil {
		_ = resp.Body.Close() // read already
		e := &callError{err: err}
		e.retryAfter, _ = transport.RetryAfter(resp.Header, time.Now())
		if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
			e.note = tr.note
		}
		return nil, e
	}
	return resp, nil
}

// fetch sends a call and passes on its answer's content. Only a few are in memory at a time, which limits
// what hostile ones take.
func (c *Client) fetch(ctx context.Context, call call, use func(resp *http.Response, content []byte) error) error {
	ctx = withAnswer(ctx, aContent)
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

func checkRedirect(_ *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	return nil
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
	answer, ok := errors.AsType[*registrytransport.Error](err)
	if !ok {
		return 0
	}
	return answer.StatusCode
}
