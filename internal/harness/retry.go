package harness

import (
	"errors"
	"net/http"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

const (
	defaultRetryWaitMin = 500 * time.Millisecond
	defaultRetryWaitMax = 30 * time.Second
)

// retryable reports whether the same request may succeed if sent again, given the outcome of an attempt:
// its status, or the error if there was no answer.
func retryable(status int, err error) bool {
	if err == nil {
		return status == http.StatusTooManyRequests ||
			status >= http.StatusInternalServerError && status != http.StatusNotImplemented
	}
	if _, ok := errors.AsType[*timeoutError](err); ok {
		// The server may still be at work on it: a write sent again would be a second one in flight.
		return false
	}
	if _, ok := errors.AsType[*tooLargeError](err); ok {
		return false
	}
	return !transport.Hopeless(err) && !errors.Is(err, errSwitched)
}
