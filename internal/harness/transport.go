package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

var errSwitched = errors.New("the server wants to switch protocols, which no call asks for")

// newHTTPClient returns the client that makes single attempts.
func newHTTPClient(tr http.RoundTripper, timeout time.Duration, maxAnswer int64) *http.Client {
	return &http.Client{
		Transport: &buffered{next: transport.Marked(tr), timeout: timeout, limit: maxAnswer},
		// A followed redirect would carry X-API-KEY to another host and turn a POST into a GET.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// buffered makes an attempt whole: an answer is returned when its body has been read to the end,
// so that a body that breaks off fails the attempt, not a later reader.
type buffered struct {
	next    http.RoundTripper
	timeout time.Duration // of the attempt, body included
	limit   int64         // bytes of body
}

// RoundTrip implements http.RoundTripper.
func (b *buffered) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), b.timeout)
	defer cancel()
	resp, err := b.next.RoundTrip(req.WithContext(ctx))
	if err == nil {
		err = b.buffer(ctx, resp)
	}
	if err == nil {
		return resp, nil
	}
	if ctx.Err() != nil && req.Context().Err() == nil {
		unsent := transport.NeverSent(err)
		if err = (&timeoutError{after: b.timeout}); unsent {
			err = &transport.UnsentError{Err: err}
		}
	}
	return nil, err
}

// buffer replaces the body by a copy in memory.
func (b *buffered) buffer(ctx context.Context, resp *http.Response) error {
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols { // such a body ignores the context
		return &brokenError{status: resp.StatusCode, err: errSwitched}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, b.limit+1))
	if int64(len(body)) > b.limit {
		body, err = body[:b.limit], &tooLargeError{limit: b.limit}
	}
	// A status other than 2xx says what matters; a broken body only loses the server's words.
	if err != nil && (success(resp.StatusCode) || ctx.Err() != nil) {
		return &brokenError{status: resp.StatusCode, err: err}
	}
	if _, err := resp.Location(); err != nil {
		resp.Header.Del("Location") // http.Client would fail on one that is not a URL, and quote it.
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

func success(status int) bool { return status >= 200 && status < 300 }

// timeoutError is an attempt without a complete answer in time.
type timeoutError struct{ after time.Duration }

func (e *timeoutError) Error() string {
	return fmt.Sprintf("no complete answer within %s", e.after)
}

// Timeout and Temporary make it a net.Error.
func (e *timeoutError) Timeout() bool   { return true }
func (e *timeoutError) Temporary() bool { return false }

// tooLargeError is an answer that was not read to the end.
type tooLargeError struct{ limit int64 }

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("the answer is larger than %d MiB and was not read further", e.limit>>20)
}

// brokenError is an answer whose status arrived, but not its whole body.
type brokenError struct {
	status int
	err    error
}

func (e *brokenError) Error() string {
	if errors.Is(e.err, io.ErrUnexpectedEOF) {
		return "the answer was cut off"
	}
	return e.err.Error()
}

func (e *brokenError) Unwrap() error { return e.err }
