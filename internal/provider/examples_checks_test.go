package provider_test

import (
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// The example's check block warns of unsupported images, and of those only.
func TestAccCheckExampleWarnsOfUnsupportedImages(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	fake.SetOverride("ci/K8", "addonTag", "harness/ci-addon:1.14.0")
	fake.SetOverride("ci/K8", "gitCloneTag", "harness/drone-git:1.0.0-rootless")
	dir := example{name: "data-sources/harnessci_image_status", files: []string{"data-source.tf"}}.workspace(t, fake)
	output := dir.Must("apply", "-auto-approve")
	requireNoWarning(t, output)
	if !strings.Contains(unwrapped(output), `pinned = { "addonTag" = 2 "gitCloneTag" = 6 }`) {
		t.Errorf("the output does not show what is pinned:\n%s", output)
	}

	fake.SetOverride("ci/K8", "liteEngineTag", "harness/ci-lite-engine:1.13.0")
	output = unwrapped(dir.Must("apply", "-auto-approve"))
	for _, words := range []string{
		"Warning: Check block assertion failed",
		"liteEngineTag runs harness/ci-lite-engine:1.13.0, and the default is harness/ci-lite-engine:1.16.92.",
	} {
		if !strings.Contains(output, words) {
			t.Errorf("the apply does not say %q:\n%s", words, output)
		}
	}
	if strings.Contains(output, "addonTag runs") {
		t.Errorf("the check warns of a supported image:\n%s", output)
	}
}

// The pinning example tells of an unsupported pin in the very plan that makes it one.
func TestAccPinningExampleChecksThePlannedPin(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	dir := example{name: "complete/pin-and-review", files: []string{"main.tf"}}.workspace(t, fake)
	requireNoWarning(t, dir.Must("apply", "-auto-approve"))
	config := readExample(t, "complete", "pin-and-review", "main.tf")
	dir.Write("main.tf", strings.Replace(config, "ci-addon:1.16.90", "ci-addon:1.13.0", 1))
	output := unwrapped(dir.Must("plan"))
	for _, words := range []string{
		"Warning: Check block assertion failed",
		"Out of support: K8/addonTag.",
		`"K8/addonTag" = "harness/ci-addon:1.16.90 -> harness/ci-addon:1.16.92" -> "harness/ci-addon:1.13.0 -> harness/ci-addon:1.16.92"`,
	} {
		if !strings.Contains(output, words) {
			t.Errorf("the plan does not say %q:\n%s", words, output)
		}
	}
}

func TestAccMirrorExamplePinsEveryDefaultThatMayBeSetAndSwitchesLast(t *testing.T) {
	t.Parallel()
	fake := startExampleFake(t)
	dir := example{name: "complete/private-mirror", files: []string{"main.tf"}}.workspace(t, fake)
	dir.Setenv("TF_VAR_mirror", "registry.example.com:5000/mirror")
	fake.Inject(fakeharness.Fault{Call: "connector-writes", Hook: func(fakeharness.Request) {
		for _, scope := range []string{"ci/K8", "ci/VM"} {
			if stored, fields := len(fake.Overrides(scope)), len(fake.Settable(scope)); stored != fields {
				t.Errorf("%s: the connector is switched when %d of %d images are pinned", scope, stored, fields)
			}
		}
	}})
	dir.Must("apply", "-auto-approve")
	requireURL(t, fake, "https://registry.example.com:5000/mirror")
	for _, scope := range []string{"ci/K8", "ci/VM"} {
		stored, defaults, fields := fake.Overrides(scope), fake.Defaults(scope), fake.Settable(scope)
		if len(stored) != len(fields) {
			t.Errorf("%s: %d overrides of %d fields", scope, len(stored), len(fields))
		}
		for _, field := range fields {
			if stored[field] != defaults[field] {
				t.Errorf("%s/%s is %q, want %q", scope, field, stored[field], defaults[field])
			}
		}
	}
	requireSays(t, dir.Must("output"), "registry.example.com:5000/mirror/harness/ci-addon:1.16.92")
	dir.Must("destroy", "-auto-approve")
	requireNoOverride(t, fake)
	requireURL(t, fake, hubURL)
}
