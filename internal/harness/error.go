package harness

import (
	"errors"
	"net/http"
)

// Error is a call that did not succeed. It never holds a credential.
type Error struct {
	// Call is the name of the API call, such as "update-config".
	Call string
	// Scope is what the call was about; zero for calls that have none.
	Scope Scope
	// Host is the host that was asked.
	Host string
	// Status is the HTTP status of the last answer; 0 when there was none.
	Status int
	// Code, Message and CorrelationID are the server's own words, escaped and shortened
	// so that they can be shown; empty when the answer was no Harness envelope.
	Code, Message, CorrelationID string
	// RedirectHost is the host a 3xx answer pointed at.
	RedirectHost string
	// Credential names what authenticated the call ("api_key" or "bearer_token"), never its value.
	Credential string
	// Attempts is how often the request was sent.
	Attempts int
	// Err is the cause below HTTP (connection, time-out, decoding); may be nil.
	Err error
}

// Unwrap returns the cause below HTTP, so that errors.Is finds a cancelled context.
func (e *Error) Unwrap() error { return e.Err }

// IsRefused reports that the server understood a write and refused its content as a whole:
// HTTP 400 or 422, or an error envelope behind HTTP 200. Another content may pass.
func IsRefused(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return true
	case http.StatusOK:
		return e.Err == nil
	}
	return false
}

// IsNotSent reports that the request cannot have taken effect: the answer was a redirect or
// a 4xx, so a gateway or the server turned it away before acting on it.
func IsNotSent(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status >= 300 && e.Status < 500
}
