package execconfig

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// From any existing overrides to any wanted ones, the change leads from one to the other and touches
// nothing twice.
func TestChangeLeadsFromExistingToWanted(t *testing.T) {
	t.Parallel()
	images := rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c", "d"}), rapid.SampledFrom([]string{"x:1", "x:2"}))
	rapid.Check(t, func(t *rapid.T) {
		existing, wanted := images.Draw(t, "existing"), images.Draw(t, "wanted")
		before := maps.Clone(existing)
		change := NewChange(existing, wanted)
		if got := change.After(existing, nil); !maps.Equal(got, wanted) {
			t.Fatalf("after the change: %v", got)
		}
		if !maps.Equal(existing, before) {
			t.Fatalf("the change wrote to its input: %v", existing)
		}
		fields := slices.Concat(slices.Sorted(maps.Keys(change.Set)), slices.Sorted(maps.Keys(change.Reset)), slices.Sorted(maps.Keys(change.Keep)))
		if slices.Sort(fields); len(slices.Compact(slices.Clone(fields))) != len(fields) {
			t.Fatalf("a field twice in %+v", change)
		}
		for field := range change.Set {
			if existing[field] == wanted[field] {
				t.Fatalf("%s is stored again", field)
			}
		}
		for field, image := range change.Reset {
			if existing[field] != image {
				t.Fatalf("the reset of %s is said to remove %q", field, image)
			}
		}
	})
}

// The change resets only the images that the plan was made with, and leaves newer ones in place.
func TestChangeLeavesNewcomers(t *testing.T) {
	t.Parallel()
	existing := map[string]string{"a": "a:1", "b": "b:1", "new": "new:\x1b1", "newer": "newer:1", "changed": "c:2"}
	change := NewChange(existing, map[string]string{"a": "a:2"}).
		LeaveNewcomers(map[string]string{"a": "a:1", "b": "b:1", "changed": "c:1"})
	left := map[string]string{"new": "new:\x1b1", "newer": "newer:1", "changed": "c:2"}
	if !maps.Equal(change.Reset, map[string]string{"b": "b:1"}) || !maps.Equal(change.Left, left) {
		t.Errorf("resets %v and leaves %v", change.Reset, change.Left)
	}
	want := map[string]string{"a": "a:2", "new": "new:\x1b1", "newer": "newer:1", "changed": "c:2"}
	if got := change.After(existing, nil); !maps.Equal(got, want) {
		t.Errorf("after the change: %v", got)
	}
}

func TestChangeAfterErrors(t *testing.T) {
	t.Parallel()
	existing := map[string]string{"a": "a:1", "b": "b:1", "c": "c:1"}
	change := NewChange(existing, map[string]string{"a": "a:1", "b": "b:2", "d": "d:1", "e": "e:1"})
	got := change.After(existing, FieldErrors{
		"b": refused("b"),
		"c": &UncertainError{Err: errors.New("no answer"), ReadErr: errors.New("no answer")},
		"e": &UnverifiedError{Err: errors.New("no answer")},
	})
	want := map[string]string{"a": "a:1", "b": "b:1", "c": "c:1", "d": "d:1", "e": "e:1"}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
