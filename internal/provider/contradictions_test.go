package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

const (
	gitDefault = "harness/drone-git:1.6.9-rootless"
	gitOlder   = "harness/drone-git:1.6.8-rootless"
	impatient  = "provider \"harnessci\" {\n  max_retries = 0\n}\n"
)

// requirePlanError plans, and expects one such error and no write.
func requirePlanError(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir, says string) {
	t.Helper()
	fake.ResetLog()
	result := dir.Run("plan")
	if n := strings.Count(result.Output, "Error: "); result.Code != 1 || n != 1 || !strings.Contains(unwrapped(result.Output), says) {
		t.Errorf("want one error that says %q, got %d and exit code %d:\n%s", says, n, result.Code, result.Output)
	}
	if n := fake.Count("writes"); n != 0 {
		t.Errorf("%d writes", n)
	}
}

func TestAccTwoResourcesOfAnOverrideAreAnErrorAtPlan(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	dir := clitest.New(t, single("one", "gitCloneTag", gitOlder)+single("two", "gitCloneTag", gitDefault), fake.Env())
	requirePlanError(t, fake, dir, "nother resource has the same override")
}

// Without a refresh, nothing shows that two objects have one override, so destroying one of them is
// refused.
func TestAccDestroyingWhatAnotherKeepsIsAnErrorWithoutRefresh(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	dir := clitest.New(t, single("one", "gitCloneTag", gitOlder), fake.Env())
	dir.Must("apply", "-auto-approve")
	dir.Write("main.tf", single("other", "gitCloneTag", gitOlder))
	dir.Must("apply", "-auto-approve", "-target=harnessci_image_override.other")
	fake.ResetLog()
	result := dir.Run("plan", "-refresh=false")
	if result.Code != 1 || !strings.Contains(unwrapped(result.Output), "without -refresh=false") || fake.Count("writes") != 0 {
		t.Errorf("exit code %d:\n%s", result.Code, result.Output)
	}
}

func TestAccReplacementsAreNotContradictions(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	config := single("one", "gitCloneTag", gitOlder) + single("two", "gcsUploadTag", "plugins/gcs:1.0.0")
	dir := clitest.New(t, config, fake.Env())
	dir.Must("apply", "-auto-approve")
	dir.Must("apply", "-auto-approve", "-replace=harnessci_image_override.one", "-replace=harnessci_image_override.two")
	// The fields swap places, and one resource is destroyed.
	dir.Write("main.tf", single("one", "gcsUploadTag", "plugins/gcs:1.0.0")+single("two", "gitCloneTag", gitOlder))
	dir.Must("apply", "-auto-approve")
	dir.Write("main.tf", single("two", "gitCloneTag", gitOlder))
	dir.Must("apply", "-auto-approve")
	if got := fake.Overrides("ci/K8"); len(got) != 1 || got["gitCloneTag"] != gitOlder {
		t.Errorf("the server has %v", got)
	}
	dir.Must("destroy", "-auto-approve")
}

func TestAccAFailedRenameLosesNothing(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	dir := clitest.New(t, impatient+single("old", "gitCloneTag", gitOlder), fake.Env())
	dir.Must("apply", "-auto-approve")
	fake.Inject(fakeharness.Fault{Call: "writes", Status: http.StatusServiceUnavailable, Times: -1})
	dir.Write("main.tf", impatient+single("new", "gitCloneTag", "harness/drone-git:1.6.7-rootless"))
	if result := dir.Run("apply", "-auto-approve"); result.Code != 1 || !strings.Contains(dir.State(), `"name": "old"`) {
		t.Errorf("the old resource left the state:\n%s", result.Output)
	}
	fake.ClearFaults()
	dir.Must("apply", "-auto-approve")
	if got := fake.Overrides("ci/K8")["gitCloneTag"]; got != "harness/drone-git:1.6.7-rootless" {
		t.Errorf("the server has %q", got)
	}
}

func TestAccAFailedPinToTheDefaultIsNotASuccess(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	fake.Inject(fakeharness.Fault{Call: "update-config", Status: http.StatusServiceUnavailable, Times: -1})
	dir := clitest.New(t, impatient+single("pin", "gitCloneTag", gitDefault), fake.Env())
	if result := dir.Run("apply", "-auto-approve"); result.Code != 1 || !strings.Contains(result.Output, "HTTP 503") {
		t.Errorf("exit code %d:\n%s", result.Code, result.Output)
	}
	fake.ClearFaults()
	fake.Inject(fakeharness.Fault{Call: "update-config", Lie: true})
	dir.Must("apply", "-auto-approve")
	if got := fake.Overrides("ci/K8")["gitCloneTag"]; got != gitDefault {
		t.Errorf("the server has %q", got)
	}
}

// On a server that lists overrides equal to the default, their removal is drift like any other.
func TestAccAPinToTheDefaultThatIsRemovedIsDrift(t *testing.T) {
	t.Parallel()
	set := "resource \"harnessci_image_overrides\" \"vm\" {\n  infra  = \"VM\"\n  images = { gitCloneTag = \"harness/drone-git:1.6.9\" }\n}\n"
	for _, hidden := range []bool{false, true} {
		fake := startFake(t, fakeharness.Options{HideDefaults: hidden})
		dir := clitest.New(t, single("pin", "gitCloneTag", gitDefault)+set, fake.Env())
		dir.Must("apply", "-auto-approve")
		if result := dir.Run("plan", "-detailed-exitcode"); result.Code != 0 {
			t.Errorf("hidden %t: the plan does not settle:\n%s", hidden, result.Output)
		}
		fake.RemoveOverride("ci/K8", "gitCloneTag")
		fake.RemoveOverride("ci/VM", "gitCloneTag")
		result := dir.Run("plan", "-detailed-exitcode")
		if want := map[bool]int{false: 2, true: 0}[hidden]; result.Code != want {
			t.Errorf("hidden %t: exit code %d, want %d:\n%s", hidden, result.Code, want, result.Output)
		}
		if !hidden && !strings.Contains(result.Output, "Plan: 1 to add, 1 to change, 0 to destroy") {
			t.Errorf("not both are drift:\n%s", result.Output)
		}
		dir.Must("apply", "-auto-approve")
		if got := fake.Overrides("ci/K8")["gitCloneTag"]; !hidden && got != gitDefault {
			t.Errorf("the repair left %q", got)
		}
	}
}
