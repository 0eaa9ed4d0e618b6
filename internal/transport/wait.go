package transport

import (
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

	// retryAfterFactor caps a Retry-After at a multiple of the longest usual wait.
	retryAfterFactor = 2

	// longestRetryAfter caps a Retry-After before any calculation with it.
	longestRetryAfter = 24 * time.Hour
)

// Backoff returns how long to wait after an attempt (counted from 0): doubling from low to high, plus up to
// half as much again at random, so that clients do not return all at once, and never less than a
// Retry-After of up to twice high. Its form is that of retryablehttp.Backoff.
func Backoff(low, high time.Duration, attempt int, resp *http.Response) time.Duration {
	if resp != nil {
		if after, ok := RetryAfter(resp.Header, time.Now()); ok {
			return min(after+rand.N(after/8+1), retryAfterFactor*high)
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
	return min(low+rand.N(low/2+1), high)
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
