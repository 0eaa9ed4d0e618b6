package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

const (
	// maxAnswer is how many bytes of a manifest, or of a page of a list, are read: the limit that the OCI
	// distribution specification allows registries for manifests. maxWords is for all other answers.
	maxAnswer = 4 << 20
	maxWords  = 64 << 10

	copyBuffer = 64 << 10

	// commitFactor is how much longer than a request an upload may take to be stored after it was sent:
	// some registries then copy the whole blob.
	commitFactor = 10
)

// attempts sends a request until there is an answer worth returning. It is the one place where HTTP
// happens, and guarantees for every request of this package, those for tokens too:
//   - Without a body it is retried after 429, a 5xx or a lost connection, MaxRetries times, with waits
//     that respect Retry-After and end with the context. A Retry-After beyond the longest wait ends it.
//   - An attempt ends after RequestTimeout; that of a blob once nothing has moved for that long.
//   - An answer is whole: at most 4 MiB (64 KiB where only words matter), read to its end. Only blobs are streamed.
//   - The log sees it, without query, headers and body.
type attempts struct{ c *Client }

// RoundTrip implements http.RoundTripper.
func (a *attempts) RoundTrip(req *http.Request) (*http.Response, error) {
	cfg := &a.c.cfg
	a.c.secrets.note(req.Header)
	if cfg.UserAgent != "" {
		req = req.Clone(req.Context())
		req.Header.Set("User-Agent", cfg.UserAgent)
	}
	for n := 0; ; n++ {
		start := time.Now()
		resp, err := a.once(req)
		a.log(req, n+1, start, resp, err)
		wait, again := a.again(n, req, resp, err)
		if !again {
			return resp, err
		}
		if resp != nil {
			resp.Body.Close()
		}
		if err := sleep(req.Context(), wait); err != nil {
			return nil, err
		}
	}
}

// again says whether and when to send a request again.
func (a *attempts) again(n int, req *http.Request, resp *http.Response, err error) (time.Duration, bool) {
	hasBody := req.Body != nil && req.Body != http.NoBody
	if n >= a.c.retries(req.Context()) || hasBody || req.Context().Err() != nil || !transient(resp, err) {
		return 0, false
	}
	return a.c.wait(n, resp)
}

// wait returns how long to wait after an attempt, counted from 0; false if the registry asks for more.
func (c *Client) wait(n int, resp *http.Response) (time.Duration, bool) {
	wait := transport.Backoff(c.cfg.RetryWaitMin, c.cfg.RetryWaitMax, n, resp)
	if resp != nil {
		if after, ok := transport.RetryAfter(resp.Header, time.Now()); ok && after > wait {
			return 0, false
		}
	}
	return wait, true
}

// transient reports whether an outcome may soon be different.
func transient(resp *http.Response, err error) bool {
	if err == nil {
		return transientStatus(resp.StatusCode)
	}
	if _, ok := errors.AsType[*problem](err); ok {
		return false
	}
	return !transport.Hopeless(err)
}

func transientStatus(status int) bool {
	return status == http.StatusTooManyRequests ||
		status >= http.StatusInternalServerError && status != http.StatusNotImplemented
}

// sleep returns after d, or with the context's error once that ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// answer is what a request expects as its answer.
type answer int

const (
	words    answer = iota // a status, headers, a few words
	aContent               // a manifest, or a page of a list
	aBlob                  // a stream, of the request's body or the answer's
)

type answerKey struct{}

// withAnswer marks the context of requests with what they expect.
func withAnswer(ctx context.Context, a answer) context.Context {
	return context.WithValue(ctx, answerKey{}, a)
}

func wanted(ctx context.Context) answer {
	a, _ := ctx.Value(answerKey{}).(answer) // else words
	return a
}

// once sends a request once.
func (a *attempts) once(req *http.Request) (*http.Response, error) {
	if wanted(req.Context()) == aBlob {
		return a.stream(req)
	}
	ctx, cancel := context.WithTimeout(req.Context(), a.c.cfg.RequestTimeout)
	defer cancel()
	resp, err := a.send(req.WithContext(ctx))
	if err == nil {
		err = buffer(resp, wanted(ctx))
	}
	if err == nil {
		return resp, nil
	}
	if ctx.Err() != nil && req.Context().Err() == nil {
		err = &timeoutError{after: a.c.cfg.RequestTimeout}
	}
	return nil, err
}

// send refuses an answer that switches protocols, which would never end.
func (a *attempts) send(req *http.Request) (*http.Response, error) {
	resp, err := a.c.http.RoundTrip(req)
	if err == nil && resp.StatusCode == http.StatusSwitchingProtocols {
		resp.Body.Close()
		return nil, problemf(Refused, "the server answered with HTTP 101, which was not requested")
	}
	return resp, err
}

// buffer replaces the body by a copy in memory.
func buffer(resp *http.Response, wanted answer) error {
	defer resp.Body.Close()
	success := resp.StatusCode < http.StatusBadRequest
	limit := maxWords
	if success && wanted == aContent {
		limit = maxAnswer
	}
	var body bytes.Buffer
	body.Grow(int(min(max(resp.ContentLength, 0), int64(limit))) + bytes.MinRead) // or it grows by doubling
	_, err := body.ReadFrom(io.LimitReader(resp.Body, int64(limit)+1))
	if body.Len() > limit && success {
		return problemf(Refused, "the answer is larger than %d KiB and was not read further", limit>>10)
	}
	if err != nil && success {
		return err
	}
	body.Truncate(min(body.Len(), limit))
	resp.Body = &inMemory{Reader: bytes.NewReader(body.Bytes()), content: body.Bytes()}
	return nil
}

// inMemory is a body that has been read.
type inMemory struct {
	*bytes.Reader
	content []byte
}

// Close implements io.Closer.
func (*inMemory) Close() error { return nil }

// stream sends a request whose body or answer is a blob, and ends it once nothing moves.
func (a *attempts) stream(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	limit := a.c.cfg.RequestTimeout
	dog := time.AfterFunc(limit, func() { cancel(&timeoutError{after: limit}) })
	req = req.WithContext(ctx)
	if req.Body != nil {
		req.Body = &sentBody{ReadCloser: req.Body, dog: dog, limit: limit, left: req.ContentLength}
	}
	resp, err := a.send(req)
	dog.Stop()
	if err != nil {
		cancel(nil)
		return nil, causeOf(ctx, err)
	}
	resp.Body = &receivedBody{ReadCloser: resp.Body, ctx: ctx, cancel: cancel, dog: dog, limit: limit}
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
	dog   *time.Timer
	limit time.Duration
	left  int64
}

func (b *sentBody) Read(p []byte) (int, error) {
	b.dog.Stop()
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left <= 0 {
		b.dog.Reset(commitFactor * b.limit)
	} else {
		b.dog.Reset(b.limit)
	}
	return n, err
}

// receivedBody runs the watchdog while waiting for bytes.
type receivedBody struct {
	io.ReadCloser
	ctx    context.Context //nolint:containedctx // of the request that this body belongs to
	cancel context.CancelCauseFunc
	dog    *time.Timer
	limit  time.Duration
}

func (b *receivedBody) Read(p []byte) (int, error) {
	b.dog.Reset(b.limit)
	n, err := b.ReadCloser.Read(p)
	b.dog.Stop()
	if err != nil && !errors.Is(err, io.EOF) {
		err = causeOf(b.ctx, err)
	}
	return n, err
}

func (b *receivedBody) Close() error {
	b.dog.Stop()
	b.cancel(nil)
	return b.ReadCloser.Close()
}

// timeoutError is an attempt without a complete answer in time.
type timeoutError struct{ after time.Duration }

func (e *timeoutError) Error() string { return fmt.Sprintf("no complete answer within %s", e.after) }

// Timeout and Temporary make it a net.Error.
func (e *timeoutError) Timeout() bool   { return true }
func (e *timeoutError) Temporary() bool { return false }

func (a *attempts) log(req *http.Request, attempt int, start time.Time, resp *http.Response, err error) {
	if a.c.cfg.Log == nil {
		return
	}
	fields := map[string]any{
		"method":      req.Method,
		"host":        req.URL.Host,
		"path":        req.URL.Path,
		"status":      0,
		"duration_ms": time.Since(start).Milliseconds(),
		"attempt":     attempt,
	}
	if resp != nil {
		fields["status"] = resp.StatusCode
	}
	if err != nil {
		fields["error"] = withoutURL(err).Error()
	}
	a.c.cfg.Log(req.Context(), "Registry request", fields)
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
