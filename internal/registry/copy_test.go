package registry

import (
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// pair is two registries and a client of both.
type pair struct {
	source, destination *fakeregistry.Server
	client              *Client
	remote              *fakeregistry.Remote // behind the destination; nil: it keeps the content itself
}

func newPair(t *testing.T, source, destination fakeregistry.Options, change func(*Config)) pair {
	t.Helper()
	p := pair{source: fakeregistry.Start(t, source), destination: fakeregistry.Start(t, destination)}
	p.client = newClient(t, func(cfg *Config) {
		cfg.Hosts = map[string]Host{
			p.source.Host():      {Username: source.Username, Password: source.Password},
			p.destination.Host(): {Username: destination.Username, Password: destination.Password},
		}
		if change != nil {
			change(cfg)
		}
	})
	return p
}

func (p pair) copy(t *testing.T, source, destination string, options CopyOptions) (CopyResult, error) {
	t.Helper()
	return p.client.Copy(t.Context(), p.source.Host()+"/"+source, p.destination.Host()+"/"+destination, options)
}

// there checks that the destination has the whole content under the tag, byte by byte.
func (p pair) there(t *testing.T, repository, tag string, content fakeregistry.Content) {
	t.Helper()
	if got := p.tag(t, repository+":"+tag); got != content.Digest() {
		t.Errorf("%s:%s names %q, want %s", repository, tag, got, content.Digest())
	}
	lacks := p.destination.Lacks(repository, content)
	if p.remote != nil {
		lacks = p.remote.Lacks(t.Context(), repository, content)
	}
	if lacks != nil {
		t.Errorf("%s lacks %v", repository, lacks)
	}
}

// tag returns the digest that the destination has under a tag, "" for none.
func (p pair) tag(t *testing.T, reference string) string {
	t.Helper()
	if p.remote != nil {
		return p.remote.Tag(t.Context(), reference)
	}
	return p.destination.Tag(reference)
}

func TestACopyIsTheSameByteForByte(t *testing.T) {
	t.Parallel()
	for name, content := range contents() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{}, nil)
			p.source.Push("a/b:1", content)
			got, err := p.copy(t, "a/b:1", "c/d:2", CopyOptions{})
			must(t, err)
			if got.Digest != content.Digest() || got.Skipped {
				t.Errorf("%+v", got)
			}
			p.there(t, "c/d", "2", content)
		})
	}
}

func TestTheDigestOfThePlanIsCopied(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{}, nil)
	planned := multi(1)
	p.source.Push("a/b:1", planned)
	p.source.Push("a/b:1", multi(2)) // moved since
	got, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{Digest: planned.Digest()})
	must(t, err)
	if got.Digest != planned.Digest() {
		t.Errorf("%+v", got)
	}
	p.there(t, "a/b", "1", planned)
	_, err = p.copy(t, "a/b:1", "a/b:2", CopyOptions{Digest: multi(3).Digest()})
	if e := told(t, err, NotFound); e.Host != p.source.Host() {
		t.Errorf("%+v", e)
	}
	if p.destination.Tag("a/b:2") != "" {
		t.Error("a tag without an image")
	}
}

func TestWhatIsThereIsNotCopied(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]fakeregistry.Options{
		"usual": {}, "immutable tags": {ImmutableTags: true}, "no digest in headers": {NoDigest: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, fakeregistry.Options{}, options, nil)
			content := multi(1)
			p.source.Push("a/b:1", content)
			p.destination.Push("a/b:1", content)
			got, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{})
			must(t, err)
			if !got.Skipped || got.Digest != content.Digest() || got.BytesSent != 0 {
				t.Errorf("%+v", got)
			}
			for _, r := range p.destination.Requests() {
				if r.Method != http.MethodGet && r.Method != http.MethodHead {
					t.Errorf("%s %s", r.Method, r.Path)
				}
			}
			if options.NoDigest {
				return
			}
			for _, server := range []*fakeregistry.Server{p.source, p.destination} {
				if heads, all := server.Count(http.MethodHead, "manifests"), server.Count("", "manifests", "blobs", "uploads"); heads != 1 || all != 1 {
					t.Errorf("%d HEADs, %d requests", heads, all)
				}
			}
		})
	}
}

func TestASharedLayerIsSentOnce(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]fakeregistry.Options{"open": {}, "token": logins["token"], "basic": logins["basic"]} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, options, options, func(c *Config) { c.Jobs = 4 })
			base := fakeregistry.Layer(1000, 50_000)
			all := map[string][]byte{}
			images := map[string]fakeregistry.Content{}
			for i := range 10 {
				content := fakeregistry.Index(
					fakeregistry.Image("linux/amd64", base, fakeregistry.Layer(uint64(i), 1000)),
					fakeregistry.Image("linux/arm64", base, fakeregistry.Layer(uint64(100+i), 1000)))
				name := "a/" + string(rune('a'+i))
				images[name] = content
				p.source.Push(name+":1", content)
				maps.Copy(all, content.AllBlobs())
			}
			var distinct, sent int64
			for _, blob := range all {
				distinct += int64(len(blob))
			}
			var wg sync.WaitGroup
			var mu sync.Mutex
			mounted := 0
			for name := range images {
				wg.Go(func() {
					got, err := p.copy(t, name+":1", name+":1", CopyOptions{})
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					sent += got.BytesSent
					mounted += got.Mounted
				})
			}
			wg.Wait()
			for name, content := range images {
				p.there(t, name, "1", content)
			}
			if sent != distinct || p.destination.Count(http.MethodPut, "uploads") != len(all) {
				t.Errorf("sent %d bytes in %d uploads, want %d in %d", sent, p.destination.Count(http.MethodPut, "uploads"), distinct, len(all))
			}
			if mounted == 0 {
				t.Error("nothing was mounted")
			}
		})
	}
}

func TestABlobThatIsKnownToBeThereCostsNoRequest(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{}, nil)
	shared, own := fakeregistry.Layer(1, 100), fakeregistry.Layer(2, 100)
	p.source.Push("a/b:1", fakeregistry.Image("linux/amd64", shared))
	p.source.Push("a/b:2", fakeregistry.Image("linux/amd64", shared, own))
	for _, tag := range []string{"1", "2"} {
		p.destination.ResetLog()
		_, err := p.copy(t, "a/b:"+tag, "a/b:"+tag, CopyOptions{})
		must(t, err)
	}
	for _, r := range p.destination.Requests() {
		if strings.Contains(r.Path+r.Query, strings.TrimPrefix(fakeregistry.Digest(shared), "sha256:")) {
			t.Errorf("%s %s", r.Method, r.Path)
		}
	}
	// HEAD and POST and PUT of the new layer and config; the tag's HEAD, PUT and HEAD.
	if n := p.destination.Count(""); n != 9 {
		t.Errorf("%d requests", n)
	}
}

func TestARegistryThatDoesNotMountGetsEverything(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{NoMount: true}, nil)
	content := multi(1)
	p.source.Push("a/b:1", content)
	for _, name := range []string{"a/b", "a/c"} {
		_, err := p.copy(t, "a/b:1", name+":1", CopyOptions{})
		must(t, err)
		p.there(t, name, "1", content)
	}
}

func TestACopyWithinARegistrySendsNothing(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	content := multi(1)
	server.Push("a/b:1", content)
	c := newClient(t, nil)
	got, err := c.Copy(t.Context(), server.Host()+"/a/b:1", server.Host()+"/c/d:1", CopyOptions{})
	must(t, err)
	if got.BytesSent != 0 || server.Tag("c/d:1") != content.Digest() || server.Lacks("c/d", content) != nil {
		t.Errorf("%+v", got)
	}
	_, err = c.Copy(t.Context(), server.Host()+"/a/b:1", server.Host()+"/a/b:stable", CopyOptions{})
	must(t, err)
	if server.Tag("a/b:stable") != content.Digest() {
		t.Error("no second tag")
	}
}

func TestAMovedTagCostsOnlyWhatIsNew(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{}, nil)
	old, next := fakeregistry.Image("linux/amd64", fakeregistry.Layer(1, 100)), fakeregistry.Image("linux/arm64", fakeregistry.Layer(2, 100))
	p.source.Push("a/b:1", fakeregistry.Index(old))
	_, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{})
	must(t, err)
	content := fakeregistry.Index(old, next)
	p.source.Push("a/b:1", content)
	p.source.ResetLog()
	p.destination.ResetLog()
	got, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{})
	must(t, err)
	p.there(t, "a/b", "1", content)
	if n := p.source.Count(http.MethodGet, "manifests"); n != 2 {
		t.Errorf("%d manifests were read, want the index and the new image", n)
	}
	want := int64(0)
	for _, blob := range next.AllBlobs() {
		want += int64(len(blob))
	}
	if got.BytesSent != want {
		t.Errorf("%d bytes, want %d", got.BytesSent, want)
	}
}

func TestAnImmutableTagIsNotOverwritten(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{ImmutableTags: true}, nil)
	p.source.Push("a/b:1", multi(1))
	was := p.destination.Push("a/b:1", multi(2))
	_, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{})
	wantKind(t, err, Immutable)
	if p.destination.Tag("a/b:1") != was {
		t.Error("the tag moved")
	}
}

func TestARegistryThatIsFullSaysSo(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{Quota: 3000}, nil)
	p.source.Push("a/b:1", multi(1))
	_, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{})
	if e := told(t, err, Denied); e.Host != p.destination.Host() || e.Text == "" {
		t.Errorf("%+v", e)
	}
	if half := p.destination.Half(); half != nil || p.destination.Tag("a/b:1") != "" {
		t.Errorf("half: %v", half)
	}
}

func TestARepositoryThatMustBeCreatedFirstIsReported(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{MissingStatus: 404}, nil)
	p.source.Push("a/b:1", multi(1))
	_, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{})
	if e := told(t, err, NoRepository); e.Host != p.destination.Host() {
		t.Errorf("%+v", e)
	}
}

func TestADestinationByDigestMustBeTheSources(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{}, nil)
	content := multi(1)
	p.source.Push("a/b:1", content)
	_, err := p.copy(t, "a/b:1", "a/b@"+multi(2).Digest(), CopyOptions{})
	wantKind(t, err, Refused)
	_, err = p.copy(t, "a/b:1", "a/b@"+content.Digest(), CopyOptions{})
	must(t, err)
	_, err = p.copy(t, "a/b:1", "a/b:2@"+content.Digest(), CopyOptions{})
	must(t, err)
	p.there(t, "a/b", "2", content)
}
