package harness

import (
	"context"
	"time"
)

// Attempt is one attempt of a request, once it is over.
type Attempt struct {
	Took time.Duration
	// MayStillAct: no answer came, or a gateway answered for the server, so the server may still be at work
	// on the request, whatever the outcome of a later attempt.
	MayStillAct bool
}

type attemptsKey struct{}

// WithAttempts returns a context in which every attempt of a call is reported to note, before the call
// returns.
func WithAttempts(ctx context.Context, note func(Attempt)) context.Context {
	return context.WithValue(ctx, attemptsKey{}, note)
}

// NoteAttempt reports an attempt to the observer in the context; fakes of a Client call it, too.
func NoteAttempt(ctx context.Context, a Attempt) {
	if note, ok := ctx.Value(attemptsKey{}).(func(Attempt)); ok {
		note(a)
	}
}
