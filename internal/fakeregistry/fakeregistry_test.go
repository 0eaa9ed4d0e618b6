package fakeregistry

import "testing"

// The plain client of this package also talks to real registries: what it stores there and here is the
// same.
func TestTheFakeKeepsWhatAPlainClientStores(t *testing.T) {
	t.Parallel()
	server := Start(t, Options{Username: "u", Password: "p"})
	remote := Remote{URL: server.URL(), Username: "u", Password: "p"}
	content := Multi(1, "linux/amd64", "linux/arm64")
	if _, err := remote.Push(t.Context(), "a/b:1", content); err != nil {
		t.Fatal(err)
	}
	if got := server.Tag("a/b:1"); got != content.Digest() || remote.Tag(t.Context(), "a/b:1") != got {
		t.Errorf("the tag names %q", got)
	}
	if lacks := remote.Lacks(t.Context(), "a/b", content); lacks != nil || server.Lacks("a/b", content) != nil || server.Half() != nil {
		t.Errorf("lacks %v", lacks)
	}
	if _, err := (Remote{URL: server.URL()}).Push(t.Context(), "a/b:2", content); err == nil {
		t.Error("a push without a login")
	}
}

func TestTheFakeRefusesHalfAnImage(t *testing.T) {
	t.Parallel()
	server := Start(t, Options{})
	content := Multi(1, "linux/amd64")
	bare := Content{Manifest: content.Manifest, MediaType: content.MediaType}
	if _, err := (Remote{URL: server.URL()}).Push(t.Context(), "a/b:1", bare); err == nil {
		t.Error("an index without its images")
	}
	server.Push("a/b:1", bare)
	if half := server.Half(); len(half) != 1 {
		t.Errorf("half: %v", half)
	}
}
