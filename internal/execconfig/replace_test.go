package execconfig

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
)

// What a set has stored belongs to it from then on, however the rest went: the reset of a single override
// that was moved into the set must not undo it.
func TestAResetNeverUndoesWhatAReplaceStoredInPart(t *testing.T) {
	down := &harness.Error{Status: http.StatusServiceUnavailable}
	for name, fault := range map[string]func(call) verdict{
		"one field refused":    func(call) verdict { return verdict{} },
		"could not be read":    func(c call) verdict { return map[string]verdict{"overrides": {err: down}}[c.name] },
		"another reset failed": func(c call) verdict { return map[string]verdict{"reset": {err: down}}[c.name] },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(latency)
				s.outside(k8, fieldName(1), "kept:1")
				s.outside(k8, fieldName(2), "stray:1")
				a := newAccount(t, s)
				s.fault = fault
				change := Change{
					Set:   map[string]string{fieldName(0): "mirror:2", "noSuchTag": "mirror:2"},
					Keep:  map[string]string{fieldName(1): "kept:1"},
					Reset: map[string]string{fieldName(2): "stray:1"},
				}
				if err := a.Replace(t.Context(), k8, change); err == nil {
					t.Error("a failure passed")
				}
				s.fault = nil
				time.Sleep(time.Second)
				for i, want := range []string{"mirror:2", "kept:1"} {
					if err := a.Reset(t.Context(), k8, fieldName(i), ""); !isA[*owners.KeptError](err) {
						t.Errorf("the reset of %s: %v", fieldName(i), err)
					}
					if got := s.overrides(k8)[fieldName(i)]; got != want {
						t.Errorf("the server has %q for %s, not %q", got, fieldName(i), want)
					}
				}
				// What failed belongs to nobody.
				if err := a.Reset(t.Context(), k8, fieldName(2), ""); err != nil {
					t.Errorf("the reset of what the set could not reset: %v", err)
				}
			})
		})
	}
}

func TestAcknowledged(t *testing.T) {
	t.Parallel()
	for want, errs := range map[bool][]error{
		true:  {nil, &UnverifiedError{Err: errors.New("x")}},
		false: {errors.New("x"), &UncertainError{Err: errors.New("x"), ReadErr: errors.New("x")}},
	} {
		for _, err := range errs {
			if Acknowledged(err) != want {
				t.Errorf("%v: got %t", err, !want)
			}
		}
	}
}
