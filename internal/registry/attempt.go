package registry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

const (
	// maxAnswer is how many bytes of a manifest, or of a page of a list, are read: the limit that the OCI
	// distribution specification allows registries for manifests. maxMessage is for all other answers.
	maxAnswer  = 4 << 20
	maxMessage = 64 << 10

	copyBuffer = 64 << 10

	// commitFactor is how much longer than a request an upload may take to be stored after it was sent:
	// some registries then copy the whole blob.
	commitFactor = 10
)

// retryTransport sends a request until there is an answer worth returning. It is the one place where HTTP
// happens, and guarantees for every request of this package, those for tokens too:
//   - Without a body it is retried after 429, a 5xx or a lost connection, MaxRetries times, with waits
//     that respect Retry-After and end with the context. A Retry-After beyond twice the longest wait ends it.
//   - An attempt ends after RequestTimeout; that of a blob once nothing has moved for that long.
//   - An answer is whole: at most 4 MiB (64 KiB where only a message matters, 8 MiB for an attestation), read to its end. Only blobs are streamed.
//   - The log sees it, without query, headers and body.
type retryTransport struct {
	c    *Client
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *retryTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.c.cfg.UserAgent != "" {
		req = req.Clone(req.Context())
		req.Header.Set("User-Agent", t.c.cfg.UserAgent)
	}
	hasBody := req.Body != nil && req.Body != http.NoBody
	return t.c.policy(req.Context()).Do(req.Context(), func(n int) (*http.Response, bool, error) {
		start := time.Now()
		resp, err := t.once(req)
		t.log(req, n+1, start, resp, err)
		_, refused := errors.AsType[*problem](err)
		return resp, hasBody || refused, err
	})
}

// policy is when a call's requests are sent again.
func (c *Client) policy(ctx context.Context) transport.Policy {
	p := transport.Policy{
		Max: c.cfg.MaxRetries, WaitMin: c.cfg.RetryWaitMin, WaitMax: c.cfg.RetryWaitMax,
		Timeouts: true,
	}
	if isOnce(ctx) {
		p.Max = 0
	}
	return p
}

// looking is how often the client looks for what a registry has acknowledged and does not show.
func (c *Client) looking() transport.Policy {
	return transport.Policy{WaitMin: c.cfg.RetryWaitMin, WaitMax: c.cfg.Patience / 4}
}

// answer is what a request expects as its answer.
type answer int

const (
	aMessage  answer = iota // a status, headers, a short message
	aContent                // a manifest, or a page of a list
	aDocument               // what is attached to an image, such as a bill of materials
	aBlob                   // a stream, of the request's body or the answer's
)

type answerKey struct{}

// withAnswer marks the context of requests with what they expect.
func withAnswer(ctx context.Context, a answer) context.Context {
	return context.WithValue(ctx, answerKey{}, a)
}

func wanted(ctx context.Context) answer {
	a, _ := ctx.Value(answerKey{}).(answer) // else aMessage
	return a
}

// once sends a request once.
func (t *retryTransport) once(req *http.Request) (*http.Response, error) {
	attempt := transport.Attempt{Next: t.next, Timeout: t.c.cfg.RequestTimeout, Limit: maxMessage}
	switch wanted(req.Context()) {
	case aBlob:
		return t.stream(req)
	case aContent:
		attempt.Limit = maxAnswer
	case aDocument:
		attempt.Limit = maxDocument
	case aMessage:
	}
	return attempt.RoundTrip(req)
}

// stream sends a request whose body or answer is a blob, and ends it once nothing moves.
func (t *retryTransport) stream(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	limit := t.c.cfg.RequestTimeout
	watchdog := time.AfterFunc(limit, func() { cancel(&transport.TimeoutError{After: limit}) })
	req = req.WithContext(ctx)
	if req.Body != nil {
		req.Body = &sentBody{ReadCloser: req.Body, watchdog: watchdog, limit: limit, left: req.ContentLength}
	}
	resp, err := transport.Send(t.next, req)
	watchdog.Stop()
	if err != nil {
		cancel(nil)
		return nil, causeOf(ctx, err)
	}
	resp.Body = &receivedBody{ReadCloser: resp.Body, ctx: ctx, cancel: cancel, watchdog: watchdog, limit: limit}
	return resp, nil
}

// causeOf returns why the context ended, if that is what the error is about.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// sentBody runs the watchdog while the network takes what was read, and not while the source is read.
type sentBody struct {
	io.ReadCloser
	watchdog *time.Timer
	limit    time.Duration
	left     int64
}

func (b *sentBody) Read(p []byte) (int, error) {
	b.watchdog.Stop()
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left <= 0 {
		b.watchdog.Reset(commitFactor * b.limit)
	} else {
		b.watchdog.Reset(b.limit)
	}
	return n, err
}

// receivedBody runs the watchdog while waiting for bytes.
type receivedBody struct {
	io.ReadCloser
	ctx      context.Context //nolint:containedctx // of the request that this body belongs to
	cancel   context.CancelCauseFunc
	watchdog *time.Timer
	limit    time.Duration
}

func (b *receivedBody) Read(p []byte) (int, error) {
	b.watchdog.Reset(b.limit)
	n, err := b.ReadCloser.Read(p)
	b.watchdog.Stop()
	if err != nil && !errors.Is(err, io.EOF) {
		err = causeOf(b.ctx, err)
	}
	return n, err
}

func (b *receivedBody) Close() error {
	b.watchdog.Stop()
	b.cancel(nil)
	return b.ReadCloser.Close()
}

func (t *retryTransport) log(req *http.Request, attempt int, start time.Time, resp *http.Response, err error) {
	if t.c.cfg.Log == nil {
		return
	}
	fields := map[string]any{
		"method":      req.Method,
		"host":        transport.Show(req.URL.Host),
		"path":        transport.Show(req.URL.Path),
		"status":      0,
		"duration_ms": time.Since(start).Milliseconds(),
		"attempt":     attempt,
	}
	if resp != nil {
		fields["status"] = resp.StatusCode
	}
	if err != nil {
		fields["error"] = transport.Show(withoutURL(err).Error())
	}
	t.c.cfg.Log(req.Context(), "Registry request", fields)
}

// withoutURL drops the URL that net/http puts into its errors: it may be signed.
func withoutURL(err error) error {
	for {
		e, ok := errors.AsType[*url.Error](err)
		if !ok {
			return err
		}
		err = e.Err
	}
}
