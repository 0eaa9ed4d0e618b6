package execconfig

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Whatever stands and is wanted, the change leads from one to the other and touches nothing twice.
func TestChangeLeadsFromWhatStandsToWhatIsWanted(t *testing.T) {
	t.Parallel()
	images := rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c", "d"}), rapid.SampledFrom([]string{"x:1", "x:2"}))
	rapid.Check(t, func(t *rapid.T) {
		stands, wanted := images.Draw(t, "stands"), images.Draw(t, "wanted")
		before := maps.Clone(stands)
		change := NewChange(stands, wanted)
		if got := change.After(stands, nil); !maps.Equal(got, wanted) {
			t.Fatalf("after the change stands %v", got)
		}
		if !maps.Equal(stands, before) {
			t.Fatalf("the change wrote to its input: %v", stands)
		}
		fields := slices.Concat(slices.Sorted(maps.Keys(change.Set)), slices.Sorted(maps.Keys(change.Reset)), slices.Sorted(maps.Keys(change.Keep)))
		if slices.Sort(fields); len(slices.Compact(slices.Clone(fields))) != len(fields) {
			t.Fatalf("a field twice in %+v", change)
		}
		for field := range change.Set {
			if stands[field] == wanted[field] {
				t.Fatalf("%s is stored again", field)
			}
		}
		for field, image := range change.Reset {
			if stands[field] != image {
				t.Fatalf("the reset of %s is said to remove %q", field, image)
			}
		}
	})
}

// Of what stands, the change resets what the plan was made with, and leaves the rest as it is.
func TestChangeLeavesNewcomers(t *testing.T) {
	t.Parallel()
	stands := map[string]string{"a": "a:1", "b": "b:1", "new": "new:\x1b1", "newer": "newer:1"}
	change := NewChange(stands, map[string]string{"a": "a:2"}).
		LeaveNewcomers(map[string]string{"a": "a:1", "b": "b:0"})
	left := map[string]string{"new": "new:\x1b1", "newer": "newer:1"}
	if !maps.Equal(change.Reset, map[string]string{"b": "b:1"}) || !maps.Equal(change.Left, left) {
		t.Errorf("resets %v and leaves %v", change.Reset, change.Left)
	}
	want := map[string]string{"a": "a:2", "new": "new:\x1b1", "newer": "newer:1"}
	if got := change.After(stands, nil); !maps.Equal(got, want) {
		t.Errorf("after the change stands %v", got)
	}
}

func TestChangeAfterErrors(t *testing.T) {
	t.Parallel()
	stands := map[string]string{"a": "a:1", "b": "b:1", "c": "c:1"}
	change := NewChange(stands, map[string]string{"a": "a:1", "b": "b:2", "d": "d:1", "e": "e:1"})
	got := change.After(stands, FieldErrors{
		"b": refused("b"),
		"c": &UncertainError{Err: errors.New("no answer"), ReadErr: errors.New("no answer")},
		"e": &UnverifiedError{Err: errors.New("no answer")},
	})
	want := map[string]string{"a": "a:1", "b": "b:1", "c": "c:1", "d": "d:1", "e": "e:1"}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
