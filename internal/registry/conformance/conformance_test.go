// Package conformance runs one test of the registry client over every registry that people have: those that the
// fake can be, and the real ones that make test-registry builds.
package conformance

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

func TestMain(m *testing.M) {
	for _, name := range []string{"DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "NO_PROXY", "no_proxy"} {
		_ = os.Unsetenv(name)
	}
	_ = os.Setenv("HOME", filepath.Join(os.TempDir(), "no-such-home"))
	network.start()
	code := m.Run()
	network.server.Close()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// product is a registry under test.
type product struct {
	host               string // as a client names it
	username, password string
	variant            string // begins the names of repositories, where several share a registry
	prefix             string // of repositories, in front of a proxy that takes it away
	store              store
	requests           *fakeregistry.Server // has the log; nil for a real one

	noReferrers bool // refuses, or cannot list, what refers to an image
	noTags      bool // tags/list is denied
	noDelete    bool // nothing can be deleted
	immutable   bool // has immutable tags
}

// store is a registry as somebody else sees it.
type store interface {
	push(t *testing.T, reference string, content fakeregistry.Content)
	tag(t *testing.T, reference string) string
	lacks(t *testing.T, repository string, content fakeregistry.Content) []string
	lose(t *testing.T, repository, digest string)
}

// fake is the store of a fake.
type fake struct{ *fakeregistry.Server }

func (f fake) push(_ *testing.T, reference string, c fakeregistry.Content) { f.Push(reference, c) }

func (f fake) tag(_ *testing.T, reference string) string { return f.Tag(reference) }

func (f fake) lose(_ *testing.T, repository, digest string) { f.Lose(repository, digest) }

func (f fake) lacks(_ *testing.T, repository string, c fakeregistry.Content) []string {
	return f.Lacks(repository, c)
}

func TestEveryRegistryPeopleHave(t *testing.T) {
	t.Parallel()
	for _, name := range fakeregistry.Profiles() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conform(t, func(t *testing.T) product { return startFake(t, name) })
		})
	}
}

func startFake(t *testing.T, name string) product {
	t.Helper()
	options := fakeregistry.Profile(name)
	immutable := options.ImmutableTags || options.Immutable.Status != 0
	options.ImmutableTags = false // only in the step about them
	server := fakeregistry.Start(t, options)
	for _, step := range steps {
		server.Create("team/" + step.name)
	}
	return product{
		host: network.name(t, name, server), username: options.Username, password: options.Password,
		store: fake{server}, requests: server,
		noReferrers: options.Subject.Status != 0,
		noTags:      options.NoTags.Status != 0,
		noDelete:    options.NoDelete.Status != 0,
		immutable:   immutable,
	}
}

// conform runs every step on a registry of its own, or on one that is shared and has a repository for each.
func conform(t *testing.T, start func(*testing.T) product) {
	t.Helper()
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			t.Parallel()
			s := scene{product: start(t), content: image(1)}
			s.repository = "team/" + s.variant + step.name
			s.source = fakeregistry.Start(t, fakeregistry.Options{Referrers: true})
			s.source.Push("harness/ci-addon:1", s.content)
			s.client = s.login(t, s.password)
			step.run(t, s)
		})
	}
}

// scene is what a step works with.
type scene struct {
	product

	repository string
	source     *fakeregistry.Server
	client     *registry.Client
	content    fakeregistry.Content // what the source has as harness/ci-addon:1
}

func (s scene) login(t *testing.T, password string) *registry.Client {
	t.Helper()
	c := registry.New(registry.Config{
		Hosts: map[string]registry.Host{s.host: {Username: s.username, Password: password, Insecure: true}},
		// Short waits: a registry that is slow to show what it has is asked again within them.
		RequestTimeout: 20 * time.Second, MaxRetries: 2, RetryWaitMin: time.Millisecond, RetryWaitMax: 20 * time.Millisecond,
	})
	t.Cleanup(c.Close)
	return c
}

// name is a tag or digest of the step's repository as a client says it.
func (s scene) name(suffix string) string {
	return s.host + "/" + s.prefix + s.repository + suffix
}

func (s scene) copy(t *testing.T, tag string, options registry.CopyOptions) (registry.CopyResult, error) {
	t.Helper()
	return s.client.Copy(t.Context(), s.source.Host()+"/harness/ci-addon:1", s.name(":"+tag), options)
}

// whole checks that the registry has the content under a tag, byte for byte.
func (s scene) whole(t *testing.T, tag string, content fakeregistry.Content) {
	t.Helper()
	if got := s.store.tag(t, s.repository+":"+tag); got != content.Digest() {
		t.Errorf("%s names %q, want %s", tag, got, content.Digest())
	}
	if lacks := s.store.lacks(t, s.repository, content); lacks != nil {
		t.Errorf("%s lacks %v", tag, lacks)
	}
}

func (s scene) writes() int {
	n := 0
	for _, r := range s.requests.Requests() {
		if r.Kind != "token" && !slices.Contains([]string{http.MethodGet, http.MethodHead}, r.Method) {
			n++
		}
	}
	return n
}

var steps = []struct {
	name string
	run  func(t *testing.T, s scene)
}{
	{"lookup", func(t *testing.T, s scene) {
		s.store.push(t, s.repository+":1", s.content)
		d, err := s.client.Head(t.Context(), s.name(":1"))
		must(t, err)
		if d.Digest != s.content.Digest() {
			t.Errorf("%+v", d)
		}
		img, err := s.client.Inspect(t.Context(), s.name(":1"))
		must(t, err)
		if !slices.Equal(img.Platforms, []string{"linux/amd64", "linux/arm64"}) {
			t.Errorf("%+v", img)
		}
		_, err = s.client.Head(t.Context(), s.name(":none"))
		wantKind(t, err, registry.NotFound, registry.NoRepository, registry.Denied)
	}},
	{"list", func(t *testing.T, s scene) {
		for _, tag := range []string{"2", "1", "10"} {
			s.store.push(t, s.repository+":"+tag, s.content)
		}
		tags, err := s.client.Tags(t.Context(), s.name(""))
		if s.noTags {
			wantKind(t, err, registry.Denied)
			return
		}
		must(t, err)
		if !slices.Equal(tags, []string{"1", "10", "2"}) {
			t.Errorf("%q", tags)
		}
	}},
	{"copy", func(t *testing.T, s scene) {
		got, err := s.copy(t, "1", registry.CopyOptions{})
		must(t, err)
		if got.Digest != s.content.Digest() || got.Skipped {
			t.Errorf("%+v", got)
		}
		s.whole(t, "1", s.content)
	}},
	{"copy-again", func(t *testing.T, s scene) {
		for _, skipped := range []bool{false, true} {
			before := 0
			if s.requests != nil {
				before = s.writes()
			}
			got, err := s.copy(t, "1", registry.CopyOptions{})
			must(t, err)
			if got.Skipped != skipped || skipped && s.requests != nil && s.writes() != before {
				t.Errorf("%+v", got)
			}
		}
		// A second tag of the same image.
		got, err := s.copy(t, "2", registry.CopyOptions{})
		must(t, err)
		if got.BytesSent != 0 {
			t.Errorf("%d bytes for what is there", got.BytesSent)
		}
		s.whole(t, "2", s.content)
	}},
	{"signatures", func(t *testing.T, s scene) {
		tag := strings.Replace(s.content.Digest(), ":", "-", 1) + ".sig"
		signature, referrer := about("signature", nil), about("bundle", &s.content)
		s.source.Push("harness/ci-addon:"+tag, signature)
		if !s.noReferrers {
			s.source.Push("harness/ci-addon", referrer)
		}
		for range 2 {
			got, err := s.copy(t, "1", registry.CopyOptions{Signatures: true})
			must(t, err)
			s.whole(t, "1", s.content)
			s.whole(t, tag, signature)
			if len(got.Attached) == 0 {
				t.Errorf("%+v", got)
			}
		}
		if lacks := s.store.lacks(t, s.repository, referrer); lacks != nil && !s.noReferrers {
			t.Errorf("lacks %v of the referrer", lacks)
		}
	}},
	{"referrer-refused", func(t *testing.T, s scene) {
		if !s.noReferrers {
			t.Skip("it takes what refers to an image")
		}
		s.source.Push("harness/ci-addon", about("bundle", &s.content))
		_, err := s.copy(t, "1", registry.CopyOptions{Signatures: true})
		wantKind(t, err, registry.Refused)
		for range 2 {
			got, err := s.copy(t, "1", registry.CopyOptions{Signatures: true, WhenSupported: true})
			must(t, err)
			if len(got.LeftOut) != 1 {
				t.Errorf("left out %v", got.LeftOut)
			}
			s.whole(t, "1", s.content)
		}
	}},
	{"immutable", func(t *testing.T, s scene) {
		if !s.immutable {
			t.Skip("it has no immutable tags")
		}
		options := fakeregistry.Profile(t.Name()[strings.Index(t.Name(), "/")+1 : strings.LastIndex(t.Name(), "/")])
		options.ImmutableTags = true
		server := fakeregistry.Start(t, options)
		s.host, s.store = network.name(t, "immutable", server), fake{server}
		s.client = s.login(t, s.password)
		other := image(2)
		server.Push(s.repository+":1", other)
		_, err := s.copy(t, "1", registry.CopyOptions{})
		wantKind(t, err, registry.Immutable, registry.Refused)
		if words := options.Immutable.Message; err != nil && !strings.Contains(err.Error(), words) {
			t.Errorf("%s: not the registry's words, %s", err, words)
		}
		s.whole(t, "1", other)
		server.Push(s.repository+":2", s.content)
		got, err := s.copy(t, "2", registry.CopyOptions{})
		must(t, err)
		if !got.Skipped {
			t.Errorf("%+v", got)
		}
	}},
	{"delete", func(t *testing.T, s scene) {
		s.store.push(t, s.repository+":1", s.content)
		s.store.push(t, s.repository+":other", image(3))
		err := s.client.Delete(t.Context(), s.name(":1@"+s.content.Digest()))
		if s.noDelete {
			wantKind(t, err, registry.Refused)
			s.whole(t, "1", s.content)
			return
		}
		must(t, err)
		if got := s.store.tag(t, s.repository+":1"); got != "" {
			t.Errorf("the tag still names %s", got)
		}
		s.whole(t, "other", image(3))
	}},
	{"drift", func(t *testing.T, s scene) {
		_, err := s.copy(t, "1", registry.CopyOptions{})
		must(t, err)
		s.store.push(t, s.repository+":1", image(2))
		seen := func() string {
			d, err := s.client.Head(t.Context(), s.name(":1"))
			must(t, err)
			return d.Digest
		}
		if got := seen(); got != image(2).Digest() {
			t.Errorf("drift does not show: %s", got)
		}
		_, err = s.copy(t, "1", registry.CopyOptions{Digest: s.content.Digest()})
		must(t, err)
		s.whole(t, "1", s.content)
	}},
	{"lost-child", func(t *testing.T, s scene) {
		_, err := s.copy(t, "1", registry.CopyOptions{})
		must(t, err)
		s.store.lose(t, s.repository, s.content.Children[0].Digest())
		s.client = s.login(t, s.password) // another run
		_, err = s.copy(t, "1", registry.CopyOptions{Thorough: true})
		must(t, err)
		s.whole(t, "1", s.content)
	}},
	{"wrong-login", func(t *testing.T, s scene) {
		s.store.push(t, s.repository+":1", s.content)
		const wrong = "hunter2-is-wrong"
		s.client = s.login(t, wrong)
		_, looked := s.client.Head(t.Context(), s.name(":1"))
		_, copied := s.copy(t, "2", registry.CopyOptions{})
		for _, err := range []error{looked, copied} {
			wantKind(t, err, registry.Denied)
			if err != nil && strings.Contains(err.Error(), wrong) {
				t.Errorf("the error has the password: %s", err)
			}
		}
		if got := s.store.tag(t, s.repository+":2"); got != "" {
			t.Errorf("stored %s", got)
		}
	}},
	{"login-for-a-path", func(t *testing.T, s scene) {
		hosts := map[string]registry.Host{
			s.host:                           {Username: "reader", Password: "for-the-rest", Insecure: true},
			s.host + "/" + s.prefix + "team": {Username: s.username, Password: s.password},
		}
		s.client = registry.New(registry.Config{Hosts: hosts, MaxRetries: 2, RetryWaitMin: time.Millisecond, RetryWaitMax: 20 * time.Millisecond})
		t.Cleanup(s.client.Close)
		_, err := s.copy(t, "1", registry.CopyOptions{})
		must(t, err)
		s.whole(t, "1", s.content)
		_, err = s.client.Head(t.Context(), s.host+"/"+s.prefix+"teams/other:1")
		wantKind(t, err, registry.Denied)
	}},
	{"as-source", func(t *testing.T, s scene) {
		untyped := s.content // as docker and others have pushed it
		untyped.Manifest = []byte(strings.Replace(string(untyped.Manifest), `"mediaType":"`+fakeregistry.IndexType+`",`, "", 1))
		for tag, content := range map[string]fakeregistry.Content{"1": s.content, "untyped": untyped} {
			s.store.push(t, s.repository+":"+tag, content)
			_, err := s.client.Copy(t.Context(), s.name(":"+tag), s.source.Host()+"/a/b:"+tag, registry.CopyOptions{})
			must(t, err)
			if lacks := s.source.Lacks("a/b", content); lacks != nil {
				t.Errorf("%s lacks %v", tag, lacks)
			}
		}
	}},
}
