package execconfig

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestReadsOfOneScopeShareARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		s.outside(k8, fieldName(0), "mirror:2")
		a := newAccount(t, s)
		forEach(106, 10, func(i int) {
			scope := k8
			if i%2 == 1 {
				scope = vm
			}
			images, err := a.Overrides(t.Context(), scope)
			if err != nil || len(images) != (i+1)%2 {
				t.Errorf("%s: %v, %v", scope, images, err)
			}
			images[fieldName(9)] = "the caller's own map"
		})
		if got := s.count("overrides"); got != 2 {
			t.Errorf("%d requests for 106 reads of two infras", got)
		}
	})
}

func TestReadsAreNotServedWhenOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		a := newAccount(t, s)
		read := func() map[string]string {
			images, err := a.Overrides(t.Context(), k8)
			if err != nil {
				t.Fatal(err)
			}
			return images
		}
		read()
		s.outside(k8, fieldName(0), "theirs:1")
		time.Sleep(4 * time.Second)
		if len(read()) != 0 || s.count("overrides") != 1 {
			t.Error("a young answer was asked for again")
		}
		time.Sleep(2 * time.Second)
		if len(read()) != 1 || s.count("overrides") != 2 {
			t.Error("an old answer was served")
		}
	})
}

func TestReadErrorsAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("down")
		s := newServer(latency)
		s.fault = func(call) verdict { return verdict{err: down} }
		a := newAccount(t, s)
		forEach(10, 10, func(int) {
			if _, err := a.Defaults(t.Context(), k8); !errors.Is(err, down) {
				t.Errorf("got %v", err)
			}
		})
		s.fault = nil
		if images, err := a.Defaults(t.Context(), k8); err != nil || len(images) != 30 {
			t.Errorf("%d images, %v", len(images), err)
		}
		if got := s.count("defaults"); got != 2 {
			t.Errorf("%d requests", got)
		}
	})
}

func TestAWriteDropsWhatWasReadAndItsVerificationFeedsReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		a := newAccount(t, s)
		read := func() map[string]string {
			images, err := a.Overrides(t.Context(), k8)
			if err != nil {
				t.Error(err)
			}
			return images
		}
		read()
		if err := a.Set(t.Context(), k8, fieldName(0), "mirror:2"); err != nil {
			t.Fatal(err)
		}
		if got := read()[fieldName(0)]; got != "mirror:2" {
			t.Errorf("a read after the write shows %q", got)
		}
		if got := s.count("overrides"); got != 2 {
			t.Errorf("%d requests, want the first and the verifying one", got)
		}
	})
}

func TestAReadFromBeforeAWriteIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		a := newAccount(t, s)
		forEach(2, 2, func(i int) {
			if i == 0 {
				if err := a.Set(t.Context(), k8, fieldName(0), "mirror:2"); err != nil {
					t.Error(err)
				}
				return
			}
			time.Sleep(60 * time.Millisecond) // the write is out and its window open
			if images, err := a.Overrides(t.Context(), k8); err != nil || len(images) > 1 {
				t.Errorf("%v, %v", images, err)
			}
		})
		if images, err := a.Overrides(t.Context(), k8); err != nil || images[fieldName(0)] != "mirror:2" {
			t.Errorf("%v, %v", images, err)
		}
	})
}

func TestOneReadersCancellationLeavesTheOthersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		a := newAccount(t, s)
		forEach(10, 10, func(i int) {
			ctx := t.Context()
			if i == 0 {
				limited, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
				defer cancel()
				ctx = limited
			}
			_, err := a.Overrides(ctx, k8)
			if (err != nil) != (i == 0) {
				t.Errorf("%d: %v", i, err)
			}
		})
		if got := s.count("overrides"); got != 1 {
			t.Errorf("%d requests", got)
		}
	})
}

func TestAReadAfterEverybodyLeftStartsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		s.fault = func(call) verdict { return verdict{hang: s.calls == nil || len(s.calls) == 1} }
		a := newAccount(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := a.Overrides(ctx, k8); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if _, err := a.Overrides(t.Context(), k8); err != nil {
			t.Errorf("the next reader got %v", err)
		}
	})
}
