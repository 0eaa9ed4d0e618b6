package provider_test

import (
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// gitPin pins an override to its default.
const gitPin = `
resource "harnessci_image_override" "git" {
  field = "gitCloneTag"
  value = "` + gitDefault + `"
}
`

// requireDrift fails unless a plan creates the override of gitCloneTag again.
func requireDrift(t *testing.T, dir *clitest.Dir) {
	t.Helper()
	if result := dir.Run("plan", "-detailed-exitcode"); result.Code != 2 {
		t.Errorf("exit code %d, want drift:\n%s", result.Code, result.Output)
	}
}

// If a server lists pins that equal the default, one that it omits is gone, however the state has learned
// that.
func TestAccALostPinToTheDefaultIsDrift(t *testing.T) {
	t.Parallel()
	for name, adopt := range map[string]func(*clitest.Dir, *fakeharness.Server){
		"imported on the command line": func(dir *clitest.Dir, fake *fakeharness.Server) {
			fake.SetOverride("ci/K8", "gitCloneTag", gitDefault)
			dir.Must("import", "harnessci_image_override.git", "ci/K8/gitCloneTag")
		},
		"imported by a block": func(dir *clitest.Dir, fake *fakeharness.Server) {
			fake.SetOverride("ci/K8", "gitCloneTag", gitDefault)
			dir.Write("import.tf", importOf("git"))
			dir.Must("apply", "-auto-approve")
		},
		"the default catches up": func(dir *clitest.Dir, fake *fakeharness.Server) {
			fake.SetDefault("ci/K8", "gitCloneTag", gitOlder)
			dir.Must("apply", "-auto-approve")
			fake.SetDefault("ci/K8", "gitCloneTag", gitDefault)
			dir.Must("apply", "-auto-approve", "-refresh-only") // as any refresh that is kept
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			dir := clitest.New(t, gitPin, fake.Env())
			adopt(dir, fake)
			requireEmptyPlan(t, dir)
			fake.RemoveOverride("ci/K8", "gitCloneTag")
			requireDrift(t, dir)
			dir.Must("apply", "-auto-approve")
			if got := fake.Overrides("ci/K8")["gitCloneTag"]; got != gitDefault {
				t.Errorf("the server has %q", got)
			}
			requireEmptyPlan(t, dir)
		})
	}
}

// A server that first lists such pins and then omits them must not keep a plan or a set from settling.
func TestAccAServerThatBeginsToHidePinsSettles(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]string{
		"an override": gitPin,
		"a set":       exclusiveSet(map[string]string{"gitCloneTag": `"` + gitDefault + `"`, "gcsUploadTag": `"plugins/gcs:1.0.0"`}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			dir := clitest.New(t, config, fake.Env())
			dir.Must("apply", "-auto-approve")
			requireEmptyPlan(t, dir)
			fake.Tune(func(o *fakeharness.Options) { o.HideDefaults = true })
			dir.Must("apply", "-auto-approve") // it looks lost, and is stored again
			requireEmptyPlan(t, dir)
			dir.Must("destroy", "-auto-approve")
			if left := fake.Overrides("ci/K8"); len(left) > 0 {
				t.Errorf("the server still has %v", left)
			}
		})
	}
}

// Each reset is acknowledged but not done. If the server lists the override, that is an error; if it omits
// it, nobody can tell, and a second acknowledgement counts.
func TestAccResetsThatAreAllLost(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		hides bool
		image string
		fails bool
	}{
		"an image":              {image: gitOlder, fails: true},
		"a default that shows":  {image: gitDefault, fails: true},
		"a default that is hid": {hides: true, image: gitDefault},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{HideDefaults: test.hides})
			dir := clitest.New(t, strings.Replace(gitPin, gitDefault, test.image, 1), fake.Env())
			dir.Must("apply", "-auto-approve")
			fake.Inject(fakeharness.Fault{Call: "reset-config", Lie: true, Times: -1})
			result := dir.Run("destroy", "-auto-approve")
			if (result.Code != 0) != test.fails {
				t.Errorf("exit code %d:\n%s", result.Code, result.Output)
			}
			if test.fails {
				requireSays(t, result.Output, "Error: Could not reset the image override ci/K8/gitCloneTag")
			} else if sent := fake.Count("reset-config"); sent != 2 {
				t.Errorf("%d resets were sent, want 2", sent)
			}
		})
	}
}
