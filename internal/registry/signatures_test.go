package registry

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// said is a manifest about another one, such as a signature.
func said(text string, about *fakeregistry.Content) fakeregistry.Content {
	config, layer := []byte("{}"), []byte(text)
	fields := map[string]any{
		"config": fakeregistry.Describe("application/vnd.oci.empty.v1+json", config),
		"layers": []any{fakeregistry.Describe("application/vnd.dev.cosign.simplesigning.v1+json", layer)},
	}
	if about != nil {
		fields["subject"] = fakeregistry.Describe(about.MediaType, about.Manifest)
	}
	c := fakeregistry.Manifest(fakeregistry.ManifestType, fields)
	c.Blobs = [][]byte{config, layer}
	return c
}

func TestCosignsTagsAreCopiedOnRequest(t *testing.T) {
	t.Parallel()
	content := multi(1)
	all := map[string]fakeregistry.Content{
		digestTag(content.Digest()) + ".sig":              said("signature", nil),
		digestTag(content.Digest()) + ".att":              said("attestation", nil),
		digestTag(content.Children[1].Digest()) + ".sbom": said("bill of materials", nil),
	}
	for _, asked := range []bool{true, false} {
		p := newPair(t, fakeregistry.Options{Unsorted: true}, fakeregistry.Options{}, nil)
		p.source.Push("a/b:1", content)
		for tag, signature := range all {
			p.source.Push("a/b:"+tag, signature)
		}
		p.source.Push("a/b:"+digestTag(multi(2).Digest())+".sig", said("of another image", nil))
		_, err := p.copy(t, "a/b:1", "c/d:1", CopyOptions{Signatures: asked})
		must(t, err)
		p.there(t, "c/d", "1", content)
		for tag, signature := range all {
			if asked {
				p.there(t, "c/d", tag, signature)
			} else if p.destination.Tag("c/d:"+tag) != "" {
				t.Errorf("%s went along unasked", tag)
			}
		}
		if p.destination.Tag("c/d:"+digestTag(multi(2).Digest())+".sig") != "" {
			t.Error("another image's signature went along")
		}
		var last fakeregistry.Request
		for _, r := range p.destination.Requests() {
			if r.Method == http.MethodPut {
				last = r
			}
		}
		if last.Reference != "1" {
			t.Errorf("the last thing stored is %s, want the tag", last.Path)
		}
	}
}

func TestSignaturesOfAnExistingCopyAreCopied(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{ImmutableTags: true}, nil)
	content := multi(1)
	p.source.Push("a/b:1", content)
	_, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{Signatures: true})
	must(t, err)
	signature := said("later", nil)
	p.source.Push("a/b:"+digestTag(content.Digest())+".sig", signature)
	for range 2 {
		got, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{Signatures: true})
		must(t, err)
		if !got.Skipped {
			t.Errorf("%+v", got)
		}
		p.there(t, "a/b", digestTag(content.Digest())+".sig", signature)
	}
}

func TestReferrersAreCopied(t *testing.T) {
	t.Parallel()
	content := multi(1)
	bill := said("bill of materials", &content)
	signature := said("signature of the bill", &bill)
	platform := said("of a platform", &content.Children[0])
	for name, api := range map[string][2]bool{
		"both have the API": {true, true}, "the source has it": {true, false}, "the destination has it": {false, true}, "neither has it": {false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, fakeregistry.Options{Referrers: api[0]}, fakeregistry.Options{Referrers: api[1]}, nil)
			p.source.Push("a/b:1", content)
			own := said("the destination's own", &content)
			p.destination.Push("c/d:"+digestTag(content.Digest()), fakeregistry.Index(own))
			for subject, referrer := range map[string]fakeregistry.Content{
				content.Digest(): bill, bill.Digest(): signature, content.Children[0].Digest(): platform,
			} {
				if api[0] {
					p.source.Push("a/b", referrer)
				} else {
					p.source.Push("a/b:"+digestTag(subject), fakeregistry.Index(referrer))
				}
			}
			_, err := p.copy(t, "a/b:1", "c/d:1", CopyOptions{Signatures: true})
			must(t, err)
			p.there(t, "c/d", "1", content)
			for _, referrer := range []fakeregistry.Content{bill, signature, platform, own} {
				if lacks := p.destination.Lacks("c/d", referrer); lacks != nil {
					t.Errorf("lacks %v", lacks)
				}
			}
			if api[1] {
				return
			}
			listed := p.listed(t, "c/d:"+digestTag(content.Digest()))
			if !strings.Contains(listed, bill.Digest()) || !strings.Contains(listed, own.Digest()) {
				t.Errorf("listed: %s", listed)
			}
		})
	}
}

// listed returns the digests that an index at the destination lists.
func (p pair) listed(t *testing.T, reference string) string {
	t.Helper()
	r, err := parse(p.destination.Host() + "/" + reference)
	must(t, err)
	m, err := p.client.get(t.Context(), r)
	must(t, err)
	digests, err := json.Marshal(m.Manifests)
	must(t, err)
	return string(digests)
}

// A copy reports what it copied along or found there, so that its loss can be detected later.
func TestACopyReportsWhatBelongsToIt(t *testing.T) {
	t.Parallel()
	content := multi(1)
	bill := said("bill of materials", &content)
	p := newPair(t, fakeregistry.Options{Referrers: true}, fakeregistry.Options{Referrers: true}, nil)
	p.source.Push("a/b:1", content)
	p.source.Push("a/b", bill)
	signature := p.source.Push("a/b:"+digestTag(content.Digest())+".sig", said("signature", nil))
	repository := p.destination.Host() + "/c/d"
	want := []Attached{
		{Ref: repository + ":" + digestTag(content.Digest()) + ".sig", Digest: signature},
		{Ref: repository + "@" + bill.Digest(), Digest: bill.Digest()},
	}
	for range 2 {
		got, err := p.copy(t, "a/b:1", "c/d:1", CopyOptions{Signatures: true})
		must(t, err)
		if !slices.Equal(got.Attached, want) {
			t.Errorf("got %v, want %v", got.Attached, want)
		}
	}
	got, err := p.copy(t, "a/b:1", "c/d:1", CopyOptions{})
	must(t, err)
	if got.Attached != nil {
		t.Errorf("got %v unasked", got.Attached)
	}
}
