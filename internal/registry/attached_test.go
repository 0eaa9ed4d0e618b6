package registry

import (
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// documents is a manifest with documents of one type, and the signatures in their annotations.
func documents(mediaType string, texts ...string) fakeregistry.Content {
	var layers []any
	c := fakeregistry.Content{}
	for _, text := range texts {
		d := fakeregistry.Describe(mediaType, []byte(text))
		layers = append(layers, map[string]any{
			"mediaType": mediaType, "digest": d.Digest, "size": d.Size, "annotations": map[string]string{signatureAnnotation: "sig of " + text[:1]},
		})
		c.Blobs = append(c.Blobs, []byte(text))
	}
	blobs := c.Blobs
	c = fakeregistry.Manifest(fakeregistry.ManifestType, map[string]any{"artifactType": mediaType, "layers": layers})
	c.Blobs = blobs
	return c
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	content := multi(1)
	sig, att := digestTag(content.Digest())+".sig", digestTag(content.Digest())+".att"
	many := make([]string, maxAttached+1)
	for i := range many {
		many[i] = strings.Repeat("x", i+1)
	}
	for name, test := range map[string]struct {
		push func(*fakeregistry.Server)
		stop int // after so many
		want string
	}{
		"nothing": {push: func(*fakeregistry.Server) {}},
		"both tags": {push: func(s *fakeregistry.Server) {
			s.Push("a/b:"+sig, documents("wanted", "1", "2"))
			s.Push("a/b:"+att, documents("wanted", "3"))
		}, want: "2 1 3"},
		"until enough": {push: func(s *fakeregistry.Server) {
			s.Push("a/b:"+sig, documents("wanted", "1", "2"))
			s.Push("a/b:"+att, documents("wanted", "3"))
		}, stop: 1, want: "2"},
		"the fallback tag": {push: func(s *fakeregistry.Server) {
			s.Push("a/b:"+digestTag(content.Digest()), fakeregistry.Index(documents("wanted", "1"), documents("other", "2"), documents("wanted", "3")))
		}, want: "3 1"},
		"the subject itself": {push: func(s *fakeregistry.Server) { s.Push("a/b:"+digestTag(content.Digest()), content) }},
		"too large": {push: func(s *fakeregistry.Server) {
			s.Push("a/b:"+sig, documents("wanted", "1", strings.Repeat("x", maxDocument+1)))
		}, want: "!its 8388609 bytes are more than is read 1"},
		"lost": {push: func(s *fakeregistry.Server) {
			c := documents("wanted", "1")
			c.Blobs = nil
			s.Push("a/b:"+sig, c)
		}, want: "!its content is gone"},
		"too many": {push: func(s *fakeregistry.Server) { s.Push("a/b:"+sig, documents("wanted", many...)) }, stop: -maxAttached, want: "!more than 100 signatures and attestations are attached; the rest was not read"},
		"no manifest": {push: func(s *fakeregistry.Server) {
			s.Push("a/b:"+sig, fakeregistry.Content{Manifest: []byte("{"), MediaType: fakeregistry.ManifestType})
		}, want: "!the answer is not a manifest, so this may not be a registry"},
		"bad digests": {push: func(s *fakeregistry.Server) {
			s.Push("a/b:"+sig, fakeregistry.Manifest(fakeregistry.ManifestType, map[string]any{"layers": []any{map[string]any{"digest": "sha256:../.."}}}))
		}, want: "!its digest is invalid"},
		"not a string": {push: func(s *fakeregistry.Server) {
			s.Push("a/b:"+sig, fakeregistry.Manifest(fakeregistry.ManifestType, map[string]any{"layers": []any{map[string]any{"annotations": map[string]int{"a": 1}}}}))
		}, want: "!its manifest is not valid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fakeregistry.Start(t, fakeregistry.Options{})
			server.Push("a/b:1", content)
			test.push(server)
			var got []string
			n := 0
			err := newClient(t, nil).Documents(t.Context(), server.Host()+"/a/b:1", content.Digest(), func(artifact string) bool { return artifact == "wanted" },
				func(d Document) bool {
					if n++; n > -test.stop { // the first ones of many are not of interest
						got = append(got, strings.TrimSpace(map[bool]string{true: "!" + d.Problem}[d.Problem != ""]+string(d.Content)))
						if d.Problem == "" && d.Signature != "sig of "+string(d.Content[:1]) {
							t.Errorf("%+v", d)
						}
					}
					return n != test.stop
				})
			said := strings.Join(got, " ")
			if err != nil {
				said = "error"
			}
			if said != test.want {
				t.Errorf("got %.200q, %v; want %q", said, err, test.want)
			}
		})
	}
}
