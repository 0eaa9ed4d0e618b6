package harness

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// request is an API call before it is sent.
type request struct {
	call    string  // such as "update-config"
	subject Subject // nil if the call says it all
	method  string
	url     *url.URL
	body    []byte      // JSON; nil: none
	header  http.Header // besides the usual ones
	bare    bool        // the API has no envelopes, and no codes in its errors
	// timeout is for an attempt that may take longer than others; 0: the client's.
	timeout time.Duration
	// many: a run makes many such calls, any of which may fail; during a known outage they are not tried.
	many bool
}

// exchange is a request with its attempts so far and the outcome of the last one.
type exchange struct {
	request
	client     *Client
	credential string    // what the request carried: "api_key", "bearer_token" or ""
	began      time.Time // the first attempt
	started    time.Time // the last one
	attempts   int
	uncertain  bool // an attempt may have taken effect
	policy     transport.Policy
	// triedOnce is until when an outage keeps it from being retried; zero without one.
	triedOnce time.Time

	status  int // 0: no answer
	header  http.Header
	body    []byte
	message serverMessage
}

// do is the one place where HTTP happens. It guarantees, for every call:
//   - The credential goes to the endpoint's own origin and nowhere else; redirects are never
//     followed; TLS is verified, 1.2 or later, against the system's or the configured CAs.
//   - An attempt, its body included, ends after RequestTimeout, or after its own; all of it ends at once with ctx.
//   - 429, 5xx except 501, a refused or dropped connection and a cut body are retried up to
//     MaxRetries times, with waits that are capped, jittered and respect Retry-After, unless that is beyond twice the
//     longest wait; a write that fails with 500 in the API's own words once. Nothing else is, least of all an attempt that ran
//     into its time-out. NoteAttempt gets each of them. A dead place is not asked again for a moment.
//   - Memory is bounded: at most Config.MaxAnswer bytes of an answer are kept.
//   - It returns nil only for a 2xx answer, read to its end. Every error is an *Error.
//   - Texts from outside come out of it escaped, shortened and without the credential.
//   - Config.Log sees every attempt, without credentials, headers or query, and so without account.
func (c *Client) do(ctx context.Context, r request) (*exchange, error) {
	x := &exchange{request: r, client: c}
	req, err := x.prepare(ctx)
	if err != nil {
		return nil, x.failure(err)
	}
	dead, once := c.outages.recall(r)
	if dead != nil {
		return nil, dead
	}
	x.policy = transport.Policy{Max: c.cfg.MaxRetries, WaitMin: c.cfg.RetryWaitMin, WaitMax: c.cfg.RetryWaitMax}
	if x.triedOnce = once; !once.IsZero() {
		x.policy.Max = 0
	}
	client := c.attempts(r.timeout)
	resp, err := x.policy.Do(ctx, func(n int) (*http.Response, bool, error) {
		x.begin(n)
		resp, err := client.Do(again(req))
		final := x.end(ctx, resp, err)
		return resp, final, err
	})
	if resp != nil {
		resp.Body.Close() // in memory, and read by end
	}
	if err != nil || !transport.Success(x.status) {
		failed := x.failure(err)
		if ctx.Err() == nil {
			c.outages.note(x, failed)
		}
		return nil, failed
	}
	return x, nil
}

// prepare makes the request that every attempt repeats.
func (x *exchange) prepare(ctx context.Context) (*http.Request, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var body io.Reader
	if x.request.body != nil {
		body = bytes.NewReader(x.request.body)
	}
	req, err := http.NewRequestWithContext(ctx, x.method, x.url.String(), body)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, x.request.header)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", x.client.cfg.UserAgent)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if transport.Origin(x.url) == transport.Origin(x.client.cfg.Endpoint) {
		x.credential, err = x.client.authenticate(req.Header)
	}
	return req, err
}

// again returns a request with a body that nobody has read.
func again(req *http.Request) *http.Request {
	if req.GetBody != nil {
		req = req.Clone(req.Context())
		req.Body, _ = req.GetBody() // from memory: cannot fail
	}
	return req
}

// begin is called before each attempt, counted from 0.
func (x *exchange) begin(attempt int) {
	x.started, x.attempts = time.Now(), attempt+1
	if attempt == 0 {
		x.began = x.started
	}
	x.status, x.header, x.body, x.message = 0, nil, nil, serverMessage{}
}

// end is called after each attempt; it records the outcome and says whether it is final in any case.
func (x *exchange) end(ctx context.Context, resp *http.Response, err error) (final bool) {
	if resp != nil {
		x.status, x.header, x.body = resp.StatusCode, resp.Header, transport.Content(resp)
		x.message = readServerMessage(x.body)
	} else if broken, ok := errors.AsType[*transport.BrokenError](err); ok {
		x.status = broken.Status
	}
	turnedAway := resp != nil && x.status >= 300 && x.status < 500
	uncertain := !turnedAway && !transport.NeverSent(err)
	x.uncertain = x.uncertain || uncertain
	unanswered := resp == nil || x.status == http.StatusBadGateway || x.status == http.StatusGatewayTimeout
	NoteAttempt(ctx, Attempt{Took: time.Since(x.started), MayStillAct: uncertain && unanswered})
	x.log(ctx, err)
	// Its own error, twice: the content is as likely the cause.
	return x.method == http.MethodPost && x.failedInside() && x.attempts > 1
}

// failedInside reports whether the last answer is HTTP 500 in the API's own words.
func (x *exchange) failedInside() bool {
	return x.status == http.StatusInternalServerError && (x.message.code != "" || x.bare && x.message.message != "")
}

func (x *exchange) log(ctx context.Context, err error) {
	if x.client.cfg.Log == nil {
		return
	}
	fields := map[string]any{
		"call":        x.call,
		"method":      x.method,
		"path":        transport.Show(x.url.Path),
		"status":      x.status,
		"duration_ms": time.Since(x.started).Milliseconds(),
		"attempt":     x.attempts,
	}
	if x.subject != nil {
		for _, fact := range x.subject.Facts() {
			fields[fact.Name] = fact.Value
		}
	}
	if x.message.correlationID != "" {
		fields["correlation_id"] = x.message.correlationID
	}
	if err != nil {
		fields["error"] = shownCause(err).Error()
	}
	x.client.cfg.Log(ctx, "Harness API request", fields)
}

// failure makes the error of a call: the last answer's words, and the cause if there is one.
func (x *exchange) failure(cause error) *Error {
	if x.attempts == 0 {
		cause = &transport.UnsentError{Err: cause}
	}
	e := &Error{
		Call:          x.call,
		Subject:       x.subject,
		Host:          transport.Show(x.url.Host),
		URL:           transport.Show(x.url.Scheme + "://" + x.url.Host + x.url.Path),
		Status:        x.status,
		Code:          x.message.code,
		Message:       x.message.message,
		CorrelationID: x.message.correlationID,
		Credential:    x.credential,
		Attempts:      x.attempts,
		Uncertain:     x.uncertain,
		Codeless:      x.bare,
		Err:           shownCause(cause),
	}
	if transport.TransientStatus(x.status) {
		e.RetryAfter, _ = transport.RetryAfter(x.header, time.Now())
	}
	if x.status >= 300 && x.status < 400 {
		if target, err := x.url.Parse(x.header.Get("Location")); err == nil && x.header.Get("Location") != "" {
			e.RedirectHost = transport.Show(target.Scheme + "://" + target.Host)
		}
	}
	if e.Err == nil && e.Message == "" && x.status >= 400 && looksLikePage(x.body) {
		e.Err = errWebPage
		if x.status >= http.StatusInternalServerError {
			e.Err = errGatewayPage
		}
	}
	return e
}
