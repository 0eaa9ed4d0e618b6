package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxMessage is how many bytes of an answer other than a success are kept: only its message matters.
const maxMessage = 256 << 10

// ErrSwitched is why an answer with HTTP 101 is refused: its body would never end.
var ErrSwitched = errors.New("the server wants to switch protocols, which no call asks for")

// Attempt makes single attempts that are bounded and whole. Each ends after Timeout, its answer included.
// The answer is returned once it has been read to its end, so that one that breaks off fails the attempt,
// not a later reader. A success may have at most Limit bytes; of other answers, the first 256 KiB are kept,
// and a broken one only loses its message.
type Attempt struct {
	Next    http.RoundTripper
	Timeout time.Duration
	Limit   int64
}

// RoundTrip implements http.RoundTripper.
func (a *Attempt) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), a.Timeout)
	defer cancel()
	resp, err := Send(a.Next, req.WithContext(ctx))
	if err == nil {
		err = a.read(ctx, resp)
	}
	if err == nil {
		return resp, nil
	}
	if ctx.Err() != nil && req.Context().Err() == nil {
		unsent := NeverSent(err)
		if err = (&TimeoutError{After: a.Timeout}); unsent {
			err = &UnsentError{err}
		}
	}
	return nil, err
}

// Send sends a request, and refuses an answer with HTTP 101.
func Send(next http.RoundTripper, req *http.Request) (*http.Response, error) {
	resp, err := next.RoundTrip(req)
	if err == nil && resp.StatusCode == http.StatusSwitchingProtocols {
		_ = resp.Body.Close() // nothing was read
		return nil, &BrokenError{Status: resp.StatusCode, Err: ErrSwitched}
	}
	return resp, err
}

// read replaces the body by a copy in memory.
func (a *Attempt) read(ctx context.Context, resp *http.Response) error {
	defer func() { _ = resp.Body.Close() }() // of what was only read
	limit := a.Limit
	if !Success(resp.StatusCode) {
		limit = min(limit, maxMessage)
	}
	var body bytes.Buffer
	body.Grow(int(min(max(resp.ContentLength, 0), limit)) + bytes.MinRead) // or it grows by doubling
	_, err := body.ReadFrom(io.LimitReader(resp.Body, limit+1))
	if int64(body.Len()) > limit {
		body.Truncate(int(limit))
		err = &TooLargeError{Limit: limit}
	}
	if err != nil && (Success(resp.StatusCode) || ctx.Err() != nil) {
		return &BrokenError{Status: resp.StatusCode, Err: err}
	}
	if _, err := resp.Location(); err != nil {
		resp.Header.Del("Location") // http.Client would fail on one that is not a URL, and quote it
	}
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

// Content returns the body of an answer to an Attempt; nil for any other.
func Content(resp *http.Response) []byte {
	body, ok := resp.Body.(*inMemory)
	if !ok {
		return nil
	}
	return body.content
}

// Success reports whether a status is 2xx.
func Success(status int) bool { return status >= 200 && status < 300 }

// TimeoutError is an attempt without a complete answer in time.
type TimeoutError struct{ After time.Duration }

func (e *TimeoutError) Error() string { return fmt.Sprintf("no complete answer within %s", e.After) }

// Timeout and Temporary make it a net.Error.
func (e *TimeoutError) Timeout() bool { return true }

// Temporary is part of net.Error.
func (e *TimeoutError) Temporary() bool { return false }

// TooLargeError is an answer that was not read to its end.
type TooLargeError struct{ Limit int64 } // in bytes

func (e *TooLargeError) Error() string {
	size := fmt.Sprintf("%d KiB", e.Limit>>10)
	if e.Limit >= 1<<20 {
		size = fmt.Sprintf("%d MiB", e.Limit>>20)
	}
	return "the answer is larger than " + size + " and was not read further"
}

// BrokenError is an answer whose status arrived, but not its whole body.
type BrokenError struct {
	Status int
	Err    error
}

func (e *BrokenError) Error() string {
	if errors.Is(e.Err, io.ErrUnexpectedEOF) {
		return "the answer was cut off"
	}
	return e.Err.Error()
}

func (e *BrokenError) Unwrap() error { return e.Err }
