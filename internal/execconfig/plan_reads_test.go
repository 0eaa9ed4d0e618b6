package execconfig

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestPlanReadsDefaultsAndOverridesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		images := newAccount(t, newServer(latency)).PlanImages(t.Context(), k8)
		if images.Err() != nil || !images.Has(fieldName(0)) || images.Has("noSuchTag") {
			t.Errorf("got %+v", images)
		}
		if took := time.Since(start); took != latency {
			t.Errorf("it took %s", took)
		}
	})
}

func TestAPlanAsksOnceHoweverLongItTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("down")
		s := newServer(latency)
		s.fault = func(c call) verdict { return map[bool]verdict{true: {err: down}}[c.name == "overrides"] }
		a := newAccount(t, s)
		interrupted, cancel := context.WithTimeout(t.Context(), latency/2)
		defer cancel()
		if images := a.PlanImages(interrupted, k8); !errors.Is(images.Err(), context.DeadlineExceeded) {
			t.Errorf("got %+v", images)
		}
		for range 3 {
			time.Sleep(time.Hour)
			images := a.PlanImages(t.Context(), k8)
			if len(images.Defaults) == 0 || !errors.Is(images.OverridesErr, down) {
				t.Errorf("got %+v", images)
			}
		}
		// An interrupted read says nothing about the server, and is repeated.
		if d, o := s.count("defaults"), s.count("overrides"); d != 2 || o != 2 {
			t.Errorf("%d and %d requests, want 2 each", d, o)
		}
	})
}
