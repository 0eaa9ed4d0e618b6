package conformance

import (
	"slices"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

var base = fakeregistry.Layer(99, 1_500_000)

// image is an index of two platforms with a layer that is longer than what a proxy takes in one piece.
func image(seed uint64) fakeregistry.Content {
	return fakeregistry.Index(
		fakeregistry.Image("linux/amd64", base, fakeregistry.Layer(seed, 2000)),
		fakeregistry.Image("linux/arm64", base, fakeregistry.Layer(seed+1000, 2000)))
}

// about is a manifest about another one, such as a signature.
func about(text string, subject *fakeregistry.Content) fakeregistry.Content {
	config, layer := []byte("{}"), []byte(text)
	fields := map[string]any{
		"config": fakeregistry.Describe("application/vnd.oci.image.config.v1+json", config),
		"layers": []any{fakeregistry.Describe("application/vnd.dev.cosign.simplesigning.v1+json", layer)},
	}
	if subject != nil {
		fields["subject"] = fakeregistry.Describe(subject.MediaType, subject.Manifest)
	}
	c := fakeregistry.Manifest(fakeregistry.ManifestType, fields)
	c.Blobs = [][]byte{config, layer}
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t *testing.T, err error, kinds ...registry.Kind) {
	t.Helper()
	if kind, ok := registry.KindOf(err); !ok || !slices.Contains(kinds, kind) {
		t.Errorf("got %v, want one of %v", err, kinds)
	}
}
