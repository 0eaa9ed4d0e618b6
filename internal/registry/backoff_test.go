package registry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestABackoffEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		tr := &transfer{c: &Client{cfg: Config{MaxRetries: 5, RetryWaitMin: time.Hour, RetryWaitMax: time.Hour}}}
		tries := 0
		err := tr.again(ctx, func() error { tries++; return errors.New("the connection is gone") })
		if !errors.Is(err, context.DeadlineExceeded) || tries != 1 || time.Since(start) != time.Second {
			t.Errorf("%v after %s and %d tries", err, time.Since(start), tries)
		}
	})
}

func TestARetryAfterIsWaitedForWithinItsCap(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]struct {
		waited time.Duration
		tries  int
	}{
		20 * time.Second: {20 * time.Second, 2},
		time.Hour:        {0, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			tr := &transfer{c: &Client{cfg: Config{MaxRetries: 1, RetryWaitMin: time.Second, RetryWaitMax: 30 * time.Second}}}
			tries := 0
			err := tr.again(t.Context(), func() error {
				tries++
				return &callError{err: errors.New("429"), retryAfter: after, withBody: true}
			})
			if err == nil || tries != want.tries || time.Since(start) != want.waited {
				t.Errorf("%s: %v after %s and %d tries", after, err, time.Since(start), tries)
			}
		})
	}
}
