package flight_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/flight"
)

func TestConcurrentCallersShareOneRunAndLaterOnesItsResult(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var group flight.Group[string, int]
		works, land := 0, make(chan struct{})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				got, err := group.Do(t.Context(), "a", func(context.Context) (int, error) {
					works++
					<-land
					return 7, nil
				})
				if got != 7 || err != nil {
					t.Errorf("%d, %v", got, err)
				}
			})
		}
		synctest.Wait()
		close(land)
		wg.Wait()
		if got, err := group.Do(t.Context(), "a", never(t)); got != 7 || err != nil || works != 1 {
			t.Errorf("%d, %v after %d works", got, err, works)
		}
		if got, _ := group.Do(t.Context(), "b", always(8)); got != 8 {
			t.Errorf("another key got %d", got)
		}
		group.Forget("a")
		if got, _ := group.Do(t.Context(), "a", always(9)); got != 9 {
			t.Errorf("%d after it was forgotten", got)
		}
	})
}

func TestAFailureIsKeptOnlyOnRequest(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	fails := func(context.Context) (int, error) { return 0, broken }
	for _, keep := range []bool{false, true} {
		group := flight.Group[string, int]{KeepErrors: keep}
		if _, err := group.Do(t.Context(), "a", fails); !errors.Is(err, broken) {
			t.Errorf("keep %v: %v", keep, err)
		}
		if _, err := group.Do(t.Context(), "a", always(1)); (err != nil) != keep {
			t.Errorf("keep %v: then %v", keep, err)
		}
	}
}

func TestOneCallersCancellationLeavesTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var group flight.Group[string, int]
		land, gone := make(chan struct{}), errors.New("gone")
		first, leave := context.WithCancelCause(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := group.Do(first, "a", func(ctx context.Context) (int, error) {
				<-land
				return 7, ctx.Err()
			}); !errors.Is(err, gone) {
				t.Errorf("who left got %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if got, err := group.Do(t.Context(), "a", never(t)); got != 7 || err != nil {
				t.Errorf("who stayed got %d, %v", got, err)
			}
		})
		synctest.Wait()
		leave(gone)
		synctest.Wait()
		close(land)
		wg.Wait()
	})
}

func TestWorkThatNobodyWaitsForIsCancelledAndNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		group := flight.Group[string, int]{KeepErrors: true}
		ctx, leave := context.WithCancel(t.Context())
		cancelled := false
		go func() {
			synctest.Wait()
			leave()
		}()
		if _, err := group.Do(ctx, "a", func(ctx context.Context) (int, error) {
			<-ctx.Done()
			cancelled = true
			return 0, ctx.Err()
		}); !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
		synctest.Wait()
		if got, err := group.Do(t.Context(), "a", always(7)); got != 7 || err != nil || !cancelled {
			t.Errorf("%d, %v; cancelled: %v", got, err, cancelled)
		}
	})
}

func TestWhatIsForgottenInFlightIsNotKept(t *testing.T) {
	t.Parallel()
	var group flight.Group[string, int]
	old, err := group.Do(t.Context(), "a", func(context.Context) (int, error) {
		group.Forget("a")
		return 1, nil
	})
	if old != 1 || err != nil {
		t.Errorf("who waited got %d, %v", old, err)
	}
	if got, _ := group.Do(t.Context(), "a", always(2)); got != 2 {
		t.Errorf("%d was kept", got)
	}
}

func TestAResultIsServedUntilItIsOldAndRememberedBeyond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		group := flight.Group[string, int]{MaxAge: time.Second}
		if got, ok := group.Last("a"); ok {
			t.Errorf("%d before any work", got)
		}
		group.Put("a", 7)
		time.Sleep(time.Second)
		if got, err := group.Do(t.Context(), "a", never(t)); got != 7 || err != nil {
			t.Errorf("%d, %v", got, err)
		}
		time.Sleep(time.Nanosecond)
		if got, ok := group.Last("a"); got != 7 || !ok {
			t.Errorf("the last result is %d, %t", got, ok)
		}
		if got, _ := group.Do(t.Context(), "a", always(8)); got != 8 {
			t.Errorf("%d after it was too old", got)
		}
		group.Forget("a")
		if got, ok := group.Last("a"); ok {
			t.Errorf("%d after it was forgotten", got)
		}
	})
}

// Of work that began before it asked, a fresh caller takes nothing; those who wait with it share the next.
func TestAFreshCallerSharesOnlyWhatBeginsAfterIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var group flight.Group[string, int]
		works := 0
		work := func(context.Context) (int, error) {
			works++
			began := works
			time.Sleep(time.Second)
			return began, nil
		}
		group.Put("a", 0)
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = group.DoFresh(t.Context(), "a", work) })
		synctest.Wait()
		for range 10 {
			wg.Go(func() {
				if got, err := group.DoFresh(t.Context(), "a", work); got != 2 || err != nil {
					t.Errorf("%d, %v", got, err)
				}
			})
		}
		wg.Wait()
		if got, _ := group.Do(t.Context(), "a", never(t)); got != 2 || works != 2 {
			t.Errorf("%d after %d works", got, works)
		}
	})
}

func always(value int) func(context.Context) (int, error) {
	return func(context.Context) (int, error) { return value, nil }
}

func never(t *testing.T) func(context.Context) (int, error) {
	t.Helper()
	return func(context.Context) (int, error) {
		t.Error("the work was done again")
		return 0, nil
	}
}
