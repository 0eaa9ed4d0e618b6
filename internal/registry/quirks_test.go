package registry

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// twoChunks is an image whose layer is larger than two chunks.
func twoChunks() fakeregistry.Content {
	return fakeregistry.Index(fakeregistry.Image("linux/amd64", fakeregistry.Layer(77, 2*chunkSize+1234)), fakeregistry.Image("linux/arm64", fakeregistry.Layer(78, 500)))
}

func size(content fakeregistry.Content) (n int64) {
	for _, blob := range content.AllBlobs() {
		n += int64(len(blob))
	}
	return n
}

// A copy works with registries as people have them, and sends each byte once.
func TestACopyWorksWithWhatRegistriesDo(t *testing.T) {
	t.Parallel()
	denied := fakeregistry.Refusal{Status: 403, Code: "UNAUTHORIZED", Message: "The client does not have permission for manifest"}
	for name, tc := range map[string]struct {
		source, destination fakeregistry.Quirks
		signatures, resent  bool
	}{
		"403 for what is not there":              {destination: fakeregistry.Quirks{Absent: denied, AbsentRepository: denied}, signatures: true},
		"401 for what is not there":              {destination: fakeregistry.Quirks{Absent: fakeregistry.Refusal{Status: 401, Code: "UNAUTHORIZED"}}},
		"no HEAD, 400":                           {destination: fakeregistry.Quirks{NoHead: 400}, source: fakeregistry.Quirks{NoHead: 400}},
		"no HEAD, 405":                           {destination: fakeregistry.Quirks{NoHead: 405}},
		"shows late":                             {destination: fakeregistry.Quirks{Late: 2}},
		"PATCH only":                             {destination: fakeregistry.Quirks{PatchOnly: true}, resent: true},
		"nginx's limit":                          {destination: fakeregistry.Quirks{BodyLimit: chunkSize}, resent: true},
		"nginx's limit, PATCH only":              {destination: fakeregistry.Quirks{BodyLimit: chunkSize, PatchOnly: true}, resent: true},
		"GETs are refused":                       {destination: fakeregistry.Quirks{PullLimit: -1}},
		"a subject must be there":                {destination: fakeregistry.Quirks{SubjectAbsent: fakeregistry.Refusal{Status: 500}}, signatures: true},
		"indexes are plain JSON":                 {source: fakeregistry.Quirks{PlainTypes: true}},
		"tags are not listed":                    {source: fakeregistry.Quirks{NoTags: denied, NoReferrers: denied}, signatures: true},
		"a fallback tag is the digest":           {source: fakeregistry.Quirks{DashIsDigest: true}, destination: fakeregistry.Quirks{DashIsDigest: true}, signatures: true},
		"confirms subjects, and lists none":      {destination: fakeregistry.Quirks{ClaimsReferrers: true}, signatures: true},
		"lists referrers on another host's page": {source: fakeregistry.Quirks{ReferrersElsewhere: true}, signatures: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, fakeregistry.Options{Quirks: tc.source, Referrers: tc.signatures}, fakeregistry.Options{Quirks: tc.destination, Referrers: tc.signatures}, func(cfg *Config) {
				cfg.Patience = time.Minute
			})
			content := twoChunks()
			p.source.Push("a/b:1", content)
			signature := said("signature", &content)
			if tc.signatures {
				p.source.Push("a/b:"+digestTag(content.Digest())+".sig", said("tagged", nil))
				p.source.Push("a/b", signature)
			}
			got, err := p.copy(t, "a/b:1", "c/d:1", CopyOptions{Signatures: tc.signatures})
			must(t, err)
			p.there(t, "c/d", "1", content)
			if got.Unseen != nil {
				t.Errorf("unseen: %v", got.Unseen)
			}
			if tc.signatures {
				p.there(t, "c/d", digestTag(content.Digest())+".sig", said("tagged", nil))
				if (got.Unlisted != nil) != (tc.source.NoTags.Status != 0) {
					t.Errorf("unlisted: %v", got.Unlisted)
				}
			}
			last := fakeregistry.Request{}
			for _, r := range p.destination.Requests() {
				if r.Method == http.MethodPut && r.Kind == "manifests" {
					last = r
				}
				if tc.destination.BodyLimit > 0 && r.Status == http.StatusAccepted && r.Received > chunkSize {
					t.Errorf("a chunk of %d bytes", r.Received)
				}
			}
			if last.Reference != "1" {
				t.Errorf("the last manifest stored is %s, want the tag", last.Path)
			}
			if !tc.resent && !tc.signatures && got.BytesSent != size(content) {
				t.Errorf("sent %d bytes of %d", got.BytesSent, size(content))
			}
		})
	}
}

// What a registry refuses once in one way is not tried again that way.
func TestTheWayARegistryTakesIsLearnedOnce(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{Quirks: fakeregistry.Quirks{BodyLimit: chunkSize}}, func(c *Config) { c.Jobs = 1 })
	for i := range 3 {
		content := fakeregistry.Image("linux/amd64", fakeregistry.Layer(uint64(i), 2*chunkSize))
		name := "a/" + string(rune('a'+i)) + ":1"
		p.source.Push(name, content)
		_, err := p.copy(t, name, name, CopyOptions{})
		must(t, err)
	}
	refused := 0
	for _, r := range p.destination.Requests() {
		if r.Status == http.StatusRequestEntityTooLarge {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("refused %d times", refused)
	}
}

func TestALimitBelowAChunkIsReported(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{Quirks: fakeregistry.Quirks{BodyLimit: 5000}}, nil)
	p.source.Push("a/b:1", twoChunks())
	_, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{})
	if e := told(t, err, Refused); e.Status != http.StatusRequestEntityTooLarge || e.Host != p.destination.Host() {
		t.Errorf("%+v", e)
	}
}

// A cut costs what was on its way, not what has arrived.
func TestACutUploadGoesOnFromTheSessionsOffset(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{Quirks: fakeregistry.Quirks{PatchOnly: true}}, func(c *Config) { c.Jobs = 1 })
	content := fakeregistry.Image("linux/amd64", fakeregistry.Layer(1, 20<<20))
	p.source.Push("a/b:1", content)
	for range 5 {
		p.destination.Inject(fakeregistry.Fault{Call: "uploads", Method: http.MethodPatch, Drop: true, Take: 3 << 20})
	}
	_, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{})
	must(t, err)
	p.there(t, "a/b", "1", content)
	if begun := p.destination.Count(http.MethodPost, "uploads"); begun != 3 { // one for the PUT that was refused
		t.Errorf("%d uploads were begun", begun)
	}
	if gets := p.source.Count(http.MethodGet, "blobs"); gets > 2+1+5 {
		t.Errorf("%d reads of blobs", gets)
	}
}

func TestACutSourceGoesOnWhereItWasCut(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{}, nil)
	layer := fakeregistry.Layer(1, 10<<20)
	content := fakeregistry.Image("linux/amd64", layer)
	p.source.Push("a/b:1", content)
	p.source.Inject(fakeregistry.Fault{Call: "blobs", Reference: fakeregistry.Digest(layer), Cut: 2 << 20, Times: 4})
	_, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{})
	must(t, err)
	p.there(t, "a/b", "1", content)
	var read int64
	for _, r := range p.source.Requests() {
		if r.Kind == "blobs" {
			read += r.Sent
		}
	}
	if float64(read) > 1.05*float64(size(content)) || p.destination.Count(http.MethodPut, "uploads") != 2 {
		t.Errorf("%d bytes were read of %d, in %d uploads", read, size(content), p.destination.Count(http.MethodPut, "uploads"))
	}
}

// What was acknowledged is a success, even if it does not show; what somebody else has pushed is not.
func TestAfterAPushOnlyAnotherPushFailsACopy(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		previous bool
		quirks   fakeregistry.Quirks
		fault    fakeregistry.Fault
		unseen   bool
	}{
		"never shown":               {quirks: fakeregistry.Quirks{Late: 1000}, unseen: true},
		"the previous one is shown": {previous: true, quirks: fakeregistry.Quirks{Late: 1000}, unseen: true},
		"the look is refused":       {fault: fakeregistry.Fault{Status: 429}, unseen: true},
		"the look is not answered": {
			fault: fakeregistry.Fault{Drop: true}, unseen: true,
		},
		"seen late": {previous: true, quirks: fakeregistry.Quirks{Late: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{Quirks: tc.quirks}, func(cfg *Config) {
				if !tc.unseen {
					cfg.Patience = time.Minute
				}
			})
			content := fakeregistry.Image("linux/amd64", fakeregistry.Layer(1, 10))
			p.source.Push("a/b:1", content)
			if tc.previous {
				p.destination.Push("a/b:1", multi(9))
			}
			if tc.fault.Status != 0 || tc.fault.Drop {
				tc.fault.Call, tc.fault.Reference, tc.fault.Times = "manifests", "manifests/1", -1
				p.destination.Inject(fakeregistry.Fault{Method: http.MethodPut, Call: "manifests", Hook: func(fakeregistry.Request) { p.destination.Inject(tc.fault) }})
			}
			got, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{})
			must(t, err)
			if (got.Unseen != nil) != tc.unseen || got.Digest != content.Digest() {
				t.Errorf("%+v", got)
			}
			p.there(t, "a/b", "1", content)
		})
	}
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{}, nil)
	p.source.Push("a/b:1", multi(1))
	p.destination.Inject(fakeregistry.Fault{Method: http.MethodHead, Call: "manifests", Reference: "manifests/1", After: 1, Hook: func(fakeregistry.Request) {
		p.destination.Push("a/b:1", multi(2))
	}})
	_, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{})
	if e := told(t, err, Mismatch); !strings.Contains(e.Error(), multi(2).Digest()) {
		t.Errorf("%v", e)
	}
}

// A registry that wants the bytes of a foreign layer gets them, if the source has them.
func TestAForeignLayerIsCopiedOnDemand(t *testing.T) {
	t.Parallel()
	layer := fakeregistry.Layer(5, 1000)
	d := fakeregistry.Describe(foreign[4], layer)
	d.URLs = []string{"https://go.microsoft.com/layer"}
	config := []byte("{}")
	content := fakeregistry.Manifest(fakeregistry.ManifestType, map[string]any{
		"config": fakeregistry.Describe(fakeregistry.ConfigType, config), "layers": []any{d},
	})
	content.Blobs = [][]byte{config}
	content = fakeregistry.Index(content)
	for _, at := range []string{"nowhere", "source", "only elsewhere"} {
		p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{Quirks: fakeregistry.Quirks{NeedsForeign: at != "nowhere"}}, nil)
		p.source.Push("a/b:1", content)
		if at == "source" {
			p.source.Push("a/b", fakeregistry.Content{Manifest: config, Blobs: [][]byte{layer}})
		}
		got, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{})
		if at == "only elsewhere" {
			if e := told(t, err, Refused); !strings.Contains(e.Error(), fakeregistry.Digest(layer)) {
				t.Errorf("%v", e)
			}
			continue
		}
		must(t, err)
		p.there(t, "a/b", "1", content)
		if sent := got.BytesSent > 1000; sent != (at == "source") {
			t.Errorf("wanted %s: %+v", at, got)
		}
	}
}

// Somebody who wants the image gets it without what the registry refuses, if the configuration says so.
func TestSignaturesThatARegistryRefuses(t *testing.T) {
	t.Parallel()
	refusal := fakeregistry.Refusal{Status: 405, Code: "UNSUPPORTED", Message: "Invalid parameter at 'ImageManifest'"}
	p := newPair(t, fakeregistry.Options{Referrers: true}, fakeregistry.Options{Quirks: fakeregistry.Quirks{Subject: refusal}}, nil)
	content := multi(1)
	bill := said("bill of materials", &content)
	p.source.Push("a/b:1", content)
	p.source.Push("a/b", bill)
	p.source.Push("a/b:"+digestTag(content.Digest())+".sig", said("tagged", nil))
	_, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{Signatures: true})
	failed, ok := errors.AsType[*SignatureError](err)
	if !ok || !strings.Contains(failed.Ref, bill.Digest()) || p.destination.Tag("a/b:1") != "" {
		t.Errorf("got %v, and the tag names %q", err, p.destination.Tag("a/b:1"))
	}
	got, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{Signatures: true, WhenSupported: true})
	must(t, err)
	p.there(t, "a/b", "1", content)
	if len(got.LeftOut) != 1 || len(got.Attached) != 1 || !strings.HasSuffix(got.Attached[0].Ref, ".sig") {
		t.Errorf("%+v", got)
	}
}

// A fallback tag that GitLab answers with the subject itself lists no referrers.
func TestASubjectIsNotItsOwnListOfReferrers(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{Quirks: fakeregistry.Quirks{DashIsDigest: true}}, fakeregistry.Options{}, nil)
	content := multi(1)
	p.source.Push("a/b:1", content)
	p.source.Push("a/b:"+digestTag(content.Digest()), content)
	for range 2 {
		got, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{Signatures: true})
		must(t, err)
		if len(got.Attached) != 0 || p.destination.Tag("a/b:"+digestTag(content.Digest())) != "" {
			t.Errorf("%+v", got.Attached)
		}
	}
}

// A thorough copy finds what a cleanup took from under an index, and sends that alone.
func TestAThoroughCopySendsWhatIsMissing(t *testing.T) {
	t.Parallel()
	content := multi(1)
	child := content.Children[1]
	for name, tc := range map[string]struct {
		lost []string
		sent int64
		puts int
	}{
		"nothing":    {},
		"a platform": {lost: []string{child.Digest()}, puts: 1},
		"a layer":    {lost: []string{fakeregistry.Digest(child.Blobs[1])}, sent: int64(len(child.Blobs[1]))},
		"a platform and its parts": {
			lost: []string{child.Digest(), fakeregistry.Digest(child.Blobs[0]), fakeregistry.Digest(child.Blobs[1])}, puts: 1,
			sent: int64(len(child.Blobs[0]) + len(child.Blobs[1])),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{ImmutableTags: true}, nil)
			p.source.Push("a/b:1", content)
			p.destination.Push("a/b:1", content)
			for _, digest := range tc.lost {
				p.destination.Lose("a/b", digest)
			}
			got, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{Thorough: true})
			must(t, err)
			p.there(t, "a/b", "1", content)
			if got.BytesSent != tc.sent || p.destination.Count(http.MethodPut, "manifests") != tc.puts || got.Skipped != (tc.lost == nil) {
				t.Errorf("%+v, %d manifests", got, p.destination.Count(http.MethodPut, "manifests"))
			}
			if pulls := p.source.Count(http.MethodGet, "manifests"); pulls != 1+tc.puts {
				t.Errorf("%d manifests were read at the source", pulls)
			}
		})
	}
}

// A mount that was not one is found out by the manifest, and the blobs are sent.
func TestAMountThatLiesCostsOneMoreUpload(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{Quirks: fakeregistry.Quirks{LyingMount: true}}, nil)
	content := multi(1)
	p.source.Push("a/b:1", content)
	for _, name := range []string{"a/b", "a/c"} {
		_, err := p.copy(t, "a/b:1", name+":1", CopyOptions{})
		must(t, err)
		p.there(t, name, "1", content)
	}
}

// Tags of one digest do not keep each other from being deleted, where only digests can be.
func TestTagsOfOneDigestAreDeletedTogether(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{NoTagDelete: true})
	for _, tag := range []string{"1", "2", "3"} {
		server.Push("a/b:"+tag, multi(1))
	}
	server.Push("a/b:4", multi(4))
	c := newClient(t, nil)
	for i, tag := range []string{"1", "2", "3"} {
		err := c.Delete(t.Context(), server.Host()+"/a/b:"+tag+"@"+multi(1).Digest())
		if i < 2 {
			wantKind(t, err, Shared)
			continue
		}
		must(t, err)
	}
	for _, tag := range []string{"1", "2", "3"} {
		if server.Tag("a/b:"+tag) != "" {
			t.Errorf("%s is still there", tag)
		}
	}
	if server.Tag("a/b:4") == "" {
		t.Error("another image went along")
	}
}

// Equal parts are copied once, however often they are listed.
func TestWhatIsListedTwiceIsCopiedOnce(t *testing.T) {
	t.Parallel()
	image := fakeregistry.Image("linux/amd64", fakeregistry.Layer(1, 100))
	content := fakeregistry.Index(slices.Repeat([]fakeregistry.Content{image}, 300)...)
	bill := said("bill of materials", &content)
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{}, nil)
	p.source.Push("a/b:1", content)
	p.source.Push("a/b:"+digestTag(content.Digest()), fakeregistry.Index(slices.Repeat([]fakeregistry.Content{bill}, 300)...))
	_, err := p.copy(t, "a/b:1", "c/d:1", CopyOptions{Signatures: true})
	must(t, err)
	p.there(t, "c/d", "1", content)
	if puts := p.destination.Count(http.MethodPut, "manifests"); puts != 5 { // image, root, bill, list, tag
		t.Errorf("%d manifests were stored", puts)
	}
	if listed := p.listed(t, "c/d:"+digestTag(content.Digest())); strings.Count(listed, bill.Digest()) != 1 {
		t.Errorf("listed: %s", listed)
	}
}
