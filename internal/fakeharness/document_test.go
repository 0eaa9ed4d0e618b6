package fakeharness

import (
	"sync"
	"testing"
)

// A read that comes while a document is being saved shows it as before or as after.
func TestAReadDuringASaveIsNeverEmpty(t *testing.T) {
	t.Parallel()
	s, image := New(Options{}), "example.com/git:1.0.0"
	s.SetOverride("ci/K8", "gitCloneTag", image)
	var saves sync.WaitGroup
	for range 4 {
		saves.Go(func() {
			for range 5000 {
				s.SetOverride("ci/K8", "gitCloneTag", image)
			}
		})
	}
	empty := 0
	for range 20000 {
		if len(s.Overrides("ci/K8")) == 0 {
			empty++
		}
	}
	saves.Wait()
	if empty > 0 {
		t.Errorf("%d of 20000 reads were empty", empty)
	}
}
