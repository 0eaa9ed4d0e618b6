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
			if n := fake.Count(http.MethodHead, "manifests"); n != 1 {
				t.Errorf("%d HEADs were sent", n)
			}
			run.Changed(pulled)
			fake.Inject(fakeregistry.Fault{Kind: "manifests", Status: http.StatusServiceUnavailable})
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
