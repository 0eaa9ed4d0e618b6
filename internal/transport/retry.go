package transport

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// rateLimitFactor makes the first wait after a 429 without Retry-After ten times the usual one:
	// calls are counted per minute, and four such waits, doubling from 5 s, outlast that minute.
	rateLimitFactor = 10

	// retryAfterFactor is the multiple of the longest usual wait beyond which a Retry-After is not waited for.
	retryAfterFactor = 2

	// longestRetryAfter caps a Retry-After before any calculation with it.
	longestRetryAfter = 24 * time.Hour
)

// Policy says whether and when a request is sent again.
type Policy struct {
	Max              int           // how often
	WaitMin, WaitMax time.Duration // between attempts
	// Timeouts are retried, too: the request changes nothing, so a second one in flight does no harm.
	Timeouts bool
}

// Do makes attempts, counted from 0, until the outcome of one is final: by the policy, by its own word or
// because the context has ended. Between them it waits, which the context ends.
func (p Policy) Do(ctx context.Context, attempt func(n int) (resp *http.Response, final bool, err error)) (*http.Response, error) {
	for n := 0; ; n++ {
		resp, final, err := attempt(n)
		wait, again := p.Next(n, resp, err)
		if final || !again || ctx.Err() != nil {
			return resp, err
		}
		if resp != nil {
			_ = resp.Body.Close() // of an answer that is not used
		}
		if err := Sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// Next returns how long to wait after an attempt, counted from 0; false if its outcome is final.
func (p Policy) Next(attempt int, resp *http.Response, err error) (time.Duration, bool) {
	if attempt >= p.Max || !p.Transient(resp, err) {
		return 0, false
	}
	return p.Wait(attempt, resp)
}

// Transient reports whether another attempt may have another outcome: after 429, a 5xx but 501, a refused,
// dropped or cut connection.
func (p Policy) Transient(resp *http.Response, err error) bool {
	if err == nil {
		return TransientStatus(resp.StatusCode)
	}
	_, timeout := errors.AsType[*TimeoutError](err)
	_, large := errors.AsType[*TooLargeError](err)
	return (!timeout || p.Timeouts) && !large && !Permanent(err) && !errors.Is(err, ErrSwitched)
}

// TransientStatus reports whether an answer with the status may soon be another.
func TransientStatus(status int) bool {
	return status == http.StatusTooManyRequests ||
		status >= http.StatusInternalServerError && status != http.StatusNotImplemented
}

// Wait returns how long to wait after an attempt, counted from 0: doubling from WaitMin to WaitMax, plus up
// to half as much again at random, so that clients do not return all at once, and never less than a
// Retry-After. resp may be nil. It is false if that asks for more than twice WaitMax: then the caller gives up.
func (p Policy) Wait(attempt int, resp *http.Response) (time.Duration, bool) {
	low, high := p.WaitMin, p.WaitMax
	if resp != nil {
		if after, ok := RetryAfter(resp.Header, time.Now()); ok {
			return min(after+rand.N(after/8+1), retryAfterFactor*high), p.Heeds(after)
		}
		if resp.StatusCode == http.StatusTooManyRequests {
			low *= rateLimitFactor
		}
	}
	for range attempt {
		if low >= high {
			break // further doubling would overflow
		}
		low *= 2
	}
	return min(low+rand.N(low/2+1), high), true
}

// Heeds reports whether a Retry-After is waited for.
func (p Policy) Heeds(after time.Duration) bool { return after <= retryAfterFactor*p.WaitMax }

// Pause waits as after an attempt without an answer, counted from 0, or until the context ends: then it
// returns its error.
func (p Policy) Pause(ctx context.Context, attempt int) error {
	wait, _ := p.Wait(attempt, nil)
	return Sleep(ctx, wait)
}

// Sleep returns after d, or with the context's error once that ends.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// RetryAfter returns the wait that a Retry-After header asks for, in either form (RFC 9110, 10.2.3), a day
// at most; false if there is none. A date is read against the server's own Date if it sends one, so that a
// wrong clock on this side does not matter.
func RetryAfter(header http.Header, now time.Time) (time.Duration, bool) {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return clamp(time.Duration(seconds) * time.Second)
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	return clamp(until.Sub(now)) // Sub saturates
}

func clamp(wait time.Duration) (time.Duration, bool) {
	return max(0, min(wait, longestRetryAfter)), wait > 0
}
