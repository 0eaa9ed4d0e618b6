package harness

import (
	"context"
	"time"
)

// Attempt is what is known of one attempt of a request once it is over.
type Attempt struct {
	Took time.Duration
	// MayStillAct: no answer came, or a gateway answered in the server's place, so that the server may
	// be at work on the request yet, whatever a later attempt brings.
	MayStillAct bool
}

type attemptsKey struct{}

// WithAttempts returns a context that has every attempt of its calls told to note, before the call
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
