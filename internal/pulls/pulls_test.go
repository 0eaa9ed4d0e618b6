package pulls

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/connector"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

// through is a connector, or why it cannot be read.
type through struct {
	url string
	err error
}

func (c through) Effective(context.Context) (connector.Effective, error) {
	return connector.Effective{URL: c.url}, c.err
}

var someImage = fakeregistry.Image("linux/amd64", fakeregistry.Layer(1, 10))

// start returns a run against a registry that has mirror/harness/ci-addon:1.16.92; mirror is the connector's URL.
func start(t *testing.T, required bool) (fake *fakeregistry.Server, run *Run) {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	fake = fakeregistry.Start(t, fakeregistry.Options{})
	fake.Push("mirror/harness/ci-addon:1.16.92", someImage)
	client := registry.New(registry.Config{MaxRetries: 1, RetryWaitMin: time.Millisecond, RetryWaitMax: time.Millisecond})
	t.Cleanup(client.Close)
	return fake, New(client, through{url: "http://" + fake.Host() + "/mirror"}, required)
}

func TestOutcomes(t *testing.T) {
	fake, run := start(t, false)
	fake.Inject(fakeregistry.Fault{Reference: "mirror/harness/denied", Status: http.StatusForbidden, Code: "DENIED", Times: -1})
	images := []string{
		"harness/ci-addon:1.16.92", fake.Host() + "/mirror/harness/ci-addon:1.16.92", "not an image",
		"harness/ci-addon:1.16.93", "harness/none:1", "other.example.com/harness/ci-addon:1.16.92", "harness/denied:1",
	}
	outcomes := run.CheckPlan(t.Context(), images)
	for i := range 3 {
		if outcomes[i] != nil {
			t.Errorf("%s: %v", images[i], outcomes[i])
		}
	}
	for i, want := range map[int]string{
		3: fake.Host() + " has no such tag", 4: fake.Host() + " has no such repository", 5: fake.Host() + " has no such repository",
	} {
		missing, ok := errors.AsType[*MissingError](outcomes[i])
		if !ok || !strings.HasPrefix(missing.Reason(), want) || missing.Stored != images[i] || missing.Pull.Image != fake.Host()+"/mirror/"+images[i] {
			t.Errorf("%s: %v", images[i], outcomes[i])
		}
	}
	if missing, ok := errors.AsType[*MissingError](outcomes[3]); ok && strings.Join(missing.Nearest, " ") != "1.16.92" {
		t.Errorf("the nearest tags are %v", missing.Nearest)
	}
	if unchecked, ok := errors.AsType[*UncheckedError](outcomes[6]); !ok || unchecked.Host != fake.Host() {
		t.Errorf("a registry that refuses the login: %v", outcomes[6])
	}
}

// An image counts as missing only after another look, and a plan's copies as there.
func TestAWriteLooksAgain(t *testing.T) {
	fake, run := start(t, false)
	images := []string{"harness/ci-addon:2"}
	if !IsMissing(run.CheckPlan(t.Context(), images)[0]) {
		t.Error("it is not missing")
	}
	fake.Push("mirror/harness/ci-addon:2", someImage)
	if !IsMissing(run.CheckPlan(t.Context(), images)[0]) {
		t.Error("a plan asked again")
	}
	if err := run.CheckWrite(t.Context(), images)[0]; err != nil {
		t.Error(err)
	}
	run.WillMake(fake.Host()+"/mirror/harness/ci-addon:3", "sha256:"+strings.Repeat("a", 64))
	for _, name := range []string{":3", ":3@sha256:" + strings.Repeat("a", 64), "@sha256:" + strings.Repeat("a", 64)} {
		if err := run.CheckPlan(t.Context(), []string{"harness/ci-addon" + name})[0]; err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !IsMissing(run.CheckWrite(t.Context(), []string{"harness/ci-addon" + name})[0]) {
			t.Errorf("%s is stored before it is there", name)
		}
	}
}

// A look-up that is not required is sent once, and shares what it finds with those that are worth a retry.
func TestEachImageIsLookedUpOnce(t *testing.T) {
	for name, required := range map[string]bool{"when reachable": false, "required": true} {
		t.Run(name, func(t *testing.T) {
			fake, run := start(t, required)
			pulled := fake.Host() + "/mirror/harness/ci-addon:1.16.92"
			for range 2 {
				if err := run.CheckPlan(t.Context(), []string{"harness/ci-addon:1.16.92", pulled})[0]; err != nil {
					t.Fatal(err)
				}
				if _, err := run.Head(t.Context(), pulled); err != nil {
					t.Fatal(err)
				}
			}
			if heads, all := fake.Count(http.MethodHead, "manifests"), fake.Count("", "manifests", "blobs"); heads != 1 || all != 3 {
				t.Errorf("%d HEADs of %d requests, want one, one for the manifest and one for the configuration", heads, all)
			}
			run.Changed(pulled)
			fake.Inject(fakeregistry.Fault{Call: "manifests", Status: http.StatusServiceUnavailable})
			fake.ResetLog()
			err := run.CheckPlan(t.Context(), []string{pulled})[0]
			want := 1
			if required {
				want = 2
			}
			if n := fake.Count(http.MethodHead, "manifests"); n != want || (err == nil) != required {
				t.Errorf("%d HEADs after a 503, %v", n, err)
			}
		})
	}
}

// Builds need more than a name.
func TestAnImageIsWhole(t *testing.T) {
	both := fakeregistry.Multi(1, "linux/amd64", "linux/arm64")
	chart := fakeregistry.Manifest(fakeregistry.ManifestType, map[string]any{
		"config": fakeregistry.Describe("application/vnd.cncf.helm.config.v1+json", []byte("{}")),
	})
	for name, test := range map[string]struct {
		content   fakeregistry.Content
		lose      []string
		fault     *fakeregistry.Fault
		want      string // of an *IncompleteError
		unchecked bool
		requests  int
	}{
		"whole":           {content: both, requests: 1 + 1 + 2},
		"a lost platform": {content: both, lose: []string{both.Children[1].Digest()}, want: "the index is there, linux/arm64 is not", requests: 1 + 1 + 2},
		"none is left": {
			content: both, lose: []string{both.Children[0].Digest(), both.Children[1].Digest()},
			want: "the index is there, linux/amd64 and linux/arm64 are not", requests: 1 + 1 + 2,
		},
		"an index for others":   {content: fakeregistry.Multi(1, "linux/arm64", "windows/amd64"), want: "it is for linux/arm64 and windows/amd64, not for linux/amd64", requests: 1 + 1 + 2},
		"an image for another":  {content: fakeregistry.Image("linux/arm64"), want: "it is for linux/arm64, not for linux/amd64", requests: 1 + 1 + 1},
		"a variant":             {content: fakeregistry.Multi(1, "linux/amd64/v2"), requests: 1 + 1 + 1},
		"an image of unknown":   {content: fakeregistry.Image(""), requests: 1 + 1 + 1},
		"an artifact":           {content: chart, want: "it is an artifact, not an image that can run", requests: 1 + 1},
		"an empty index":        {content: fakeregistry.Index(), want: "it is an artifact, not an image that can run", requests: 1 + 1},
		"a platform is refused": {content: both, fault: &fakeregistry.Fault{Method: http.MethodHead, Reference: both.Children[0].Digest(), Status: 403}, unchecked: true, requests: 1 + 1 + 2},
	} {
		t.Run(name, func(t *testing.T) {
			fake, run := start(t, false)
			fake.Push("mirror/harness/x:1", test.content)
			fake.Lose("mirror/harness/x", test.lose...)
			if test.fault != nil {
				test.fault.Times = -1
				fake.Inject(*test.fault)
			}
			image := []string{"harness/x:1"}
			for range 2 { // once a run
				err := run.CheckPlan(t.Context(), image)[0]
				incomplete, ok := errors.AsType[*IncompleteError](err)
				if ok != (test.want != "") || ok && (incomplete.Reason() != test.want || incomplete.Stored != image[0]) {
					t.Errorf("%v, want %q", err, test.want)
				}
				if _, unchecked := errors.AsType[*UncheckedError](err); unchecked != test.unchecked || !ok && !unchecked && err != nil {
					t.Errorf("%v, want an unchecked image: %v", err, test.unchecked)
				}
			}
			if got := fake.Count("", "manifests", "blobs", "tags"); got != test.requests {
				t.Errorf("%d requests, want %d: %+v", got, test.requests, fake.Requests())
			}
			if len(test.lose) == 0 {
				return
			}
			fake.Push("mirror/harness/x:1", test.content)
			if err := run.CheckWrite(t.Context(), image)[0]; err != nil {
				t.Errorf("a write does not look again: %v", err)
			}
		})
	}
}

func TestALookAtDockerHubIsNoPull(t *testing.T) {
	t.Parallel()
	for image, counts := range map[string]bool{
		"harness/ci-addon:1": true, "registry-1.docker.io/harness/ci-addon:1": true, "public.ecr.aws/harness/ci-addon:1": true,
		"gcr.io/harness/ci-addon:1": false, "r.example.com/docker.io/ci-addon:1": false,
	} {
		if CountsPulls(image) != counts {
			t.Errorf("%s: %v", image, !counts)
		}
	}
}

// While nobody knows what is pulled, no name is looked up as a guess.
func TestWhatIsNotKnownIsSaid(t *testing.T) {
	fake, run := start(t, true)
	image := []string{fake.Host() + "/harness/ci-addon:1.16.92"}
	refused := errors.New("refused")
	run.connector = through{err: refused}
	if err := run.CheckPlan(t.Context(), image)[0]; !errors.Is(err, refused) {
		t.Errorf("a connector that cannot be read: %v", err)
	}
	if err := New(nil, run.connector, true).CheckWrite(t.Context(), image)[0]; !errors.Is(err, ErrSettings) {
		t.Errorf("settings that are not known: %v", err)
	}
	if n := fake.Count("", "manifests"); n != 0 {
		t.Errorf("%d look-ups", n)
	}
}
