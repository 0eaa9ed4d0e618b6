package execconfig

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// A write under another name of a field is told by what changed, and undone.
func TestAWriteUnderAFieldsOtherNameIsUndone(t *testing.T) {
	for name, test := range map[string]struct {
		before   string // the field's own override
		undoFail bool
		want     string
	}{
		"not overridden":   {"", false, ""},
		"overridden":       {"mirror:1", false, "mirror:1"},
		"the undo fails":   {"", true, "mirror:2"},
		"the undo, failed": {"mirror:1", true, "mirror:2"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(latency)
				s.Tune(func(o *fakeharness.Options) { o.Aliases = map[string]string{"IACMTag": fieldName(3)} })
				s.outside(k8, fieldName(3), test.before)
				s.outside(k8, fieldName(4), "mirror:2") // has had the image all along
				writes := 0
				s.fault = func(c call) verdict {
					if c.name != "update" && c.name != "reset" {
						return verdict{}
					}
					if writes++; writes > 1 && test.undoFail {
						return verdict{err: refused("x")}
					}
					return verdict{}
				}
				a := newAccount(t, s)
				if _, err := a.Defaults(t.Context(), k8); err != nil {
					t.Fatal(err)
				}
				err := a.Set(t.Context(), k8, "IACMTag", "mirror:2")
				told, ok := errors.AsType[*NotListedError](err)
				if !ok || told.StoredAs != fieldName(3) || (told.UndoErr != nil) != test.undoFail || !strings.Contains(told.Advice(), fieldName(3)) {
					t.Errorf("%+v", err)
				}
				got := s.overrides(k8)
				if got[fieldName(3)] != test.want || got[fieldName(4)] != "mirror:2" || got["IACMTag"] != "" {
					t.Errorf("left: %v", got)
				}
			})
		})
	}
}

// What another resource of the run sets to the same image is that one's.
func TestAnotherResourcesImageIsNotTakenForAnAlias(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(latency)
		s.SetSettable("ci/K8", "newTag", true)
		a := newAccount(t, s)
		if _, err := a.Defaults(t.Context(), k8); err != nil {
			t.Fatal(err)
		}
		forEach(2, 2, func(i int) {
			err := a.Set(t.Context(), k8, []string{"newTag", fieldName(1)}[i], "mirror:2")
			if told, ok := errors.AsType[*NotListedError](err); ok != (i == 0) || ok && told.StoredAs != "" || !ok && err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
		if got := s.overrides(k8)[fieldName(1)]; got != "mirror:2" {
			t.Errorf("it was undone: %q", got)
		}
	})
}
