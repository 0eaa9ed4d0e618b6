package fakeharness

import (
	"sync"
	"testing"
)

// A read that comes while a document is being saved shows it as before or as after.
func TestAReadDuringASaveIsNeverEmpty(t *testing.T) {
	t.Parallel()
	s := newStore(Options{AccountID: "a"})
	image := "example.com/git:1.0.0"
	s.change("a", "ci/K8", "gitCloneTag", &image, 0)
	var saves sync.WaitGroup
	for range 4 {
		saves.Go(func() {
			for range 5000 {
				s.change("a", "ci/K8", "gitCloneTag", &image, 0)
			}
		})
	}
	empty := 0
	for range 20000 {
		if len(s.overrides("a", "ci/K8", 0)) == 0 {
			empty++
		}
	}
	saves.Wait()
	if empty > 0 {
		t.Errorf("%d of 20000 reads were empty", empty)
	}
}
