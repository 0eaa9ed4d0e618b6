package provider_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// The example's check block warns only of images that builds cannot pull.
func TestAccCheckExampleWarnsOfMissingImages(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	fake.SetOverride("ci/K8", "addonTag", "harness/ci-addon:1.14.0")
	fake.SetOverride("ci/K8", "gitCloneTag", "harness/drone-git:1.0.0-rootless")
	dir := example{name: "data-sources/harnessci_image_status", files: []string{"data-source.tf"}}.workspace(t, fake)
	standInRegistry(t, fake, dir)
	output := dir.Must("apply", "-auto-approve")
	requireNoWarning(t, output)
	if !strings.Contains(unwrapped(output), `pinned = { "addonTag" = 2 "gitCloneTag" = 6 }`) {
		t.Errorf("the output does not show what is pinned:\n%s", output)
	}

	fake.SetOverride("ci/VM", "gitCloneTag", "harness/drone-git:1.0.0")
	output = unwrapped(dir.Must("apply", "-auto-approve"))
	for _, words := range []string{
		"Warning: Check block assertion failed",
		"Builds cannot pull: gitCloneTag.",
	} {
		if !strings.Contains(output, words) {
			t.Errorf("the apply does not say %q:\n%s", words, output)
		}
	}
	if strings.Contains(output, "Not checked") || strings.Contains(output, "Older than") {
		t.Errorf("the check warns of an image that it knows, and that is not old:\n%s", output)
	}
}

// The pinning example warns of an unsupported pin in the very plan that introduces it.
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
		"More than two minors behind: K8/addonTag.",
		`"K8/addonTag" = "harness/ci-addon:1.16.90 -> harness/ci-addon:1.16.92" -> "harness/ci-addon:1.13.0 -> harness/ci-addon:1.16.92"`,
	} {
		if !strings.Contains(output, words) {
			t.Errorf("the plan does not say %q:\n%s", words, output)
		}
	}
}

// The script for other tools applies nothing once a copy has failed.
func TestTheMirrorScriptStopsAtTheFirstFailure(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip("jq is not on PATH")
	}
	for _, fails := range []string{"", "plan", "show", "crane", "nothing to copy"} {
		folder := t.TempDir()
		program := func(name, text string) {
			if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil { //nolint:gosec // a program
				t.Fatal(err)
			}
		}
		answer := `{"planned_values": {"outputs": {"copies": {"value": {"a:1": "r/a:1", "b:1": "r/b:1", "c:1": "r/c:1"}}}}}`
		if fails == "nothing to copy" {
			answer = `{"planned_values": {"outputs": {"copies": {"value": {}}}}}`
		}
		program("terraform", `echo "terraform $1" >>log; [ "$1" != plan ] || echo secret >mirror.tfplan; [ "$1" != "`+fails+`" ] || exit 1; [ "$1" != show ] || echo '`+answer+`'`)
		program("crane", `echo "crane $2 $3" >>log; [ "`+fails+`" != crane ] || [ "$2" != b:1 ]`)
		script := absolute(t, filepath.Join(examplesDir, "modules", "private-mirror", "copy.sh"))
		command := exec.CommandContext(t.Context(), "sh", script) //nolint:gosec // a file of this repository
		command.Dir, command.Env = folder, append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"))
		output, err := command.CombinedOutput()
		log := readFile(t, filepath.Join(folder, "log"))
		if applied := strings.Contains(log, "terraform apply"); applied != (fails == "") || (err == nil) != (fails == "") {
			t.Errorf("%q fails: applied %v, %v:\n%s%s", fails, applied, err, log, output)
		}
		for _, file := range []string{"mirror.tfplan", "mirror.json", "copies.txt"} {
			if _, err := os.Stat(filepath.Join(folder, file)); err == nil {
				t.Errorf("%q fails: %s, with what variables hold, is left behind", fails, file)
			}
		}
		if copied := strings.Count(log, "crane"); fails == "" && copied != 3 || fails == "crane" && copied != 2 {
			t.Errorf("%q fails: %d copies:\n%s", fails, copied, log)
		}
	}
}

// mirrorModule returns a workspace that calls the module as the example does, with more arguments.
func mirrorModule(t *testing.T, fake *fakeharness.Server, arguments string) (*clitest.Dir, *fakeregistry.Server) {
	t.Helper()
	dir := example{name: "complete/private-mirror", files: []string{"main.tf"}}.workspace(t, fake)
	preparations["complete/private-mirror"](t, fake, dir)
	config := dir.Read("main.tf")
	config = strings.ReplaceAll(config, "registry.example.com", "registry.example.com:5000")
	dir.Write("main.tf", strings.Replace(config, "  connector = ", arguments+"\n  connector = ", 1))
	return dir, standInRegistry(t, fake, dir)
}

const ownMirrorURL = "https://registry.example.com:5000/harness-mirror"

// Both stay pins of every field; one is of sets, the other of single overrides.
func TestAccMirrorModulePinsEveryDefaultThatMayBeSetAndSwitchesLast(t *testing.T) {
	t.Parallel()
	for _, arguments := range []string{"", "exclusive = false"} {
		t.Run(arguments, func(t *testing.T) {
			t.Parallel()
			fake := startExampleFake(t)
			dir, registry := mirrorModule(t, fake, arguments)
			fake.SetConnector(fakeharness.ConnectorBody(hubURL, ""))
			fake.Inject(fakeharness.Fault{Call: "connector-writes", Hook: func(fakeharness.Request) {
				for _, scope := range []string{"ci/K8", "ci/VM"} {
					if stored, fields := len(fake.Overrides(scope)), len(fake.Settable(scope)); stored != fields {
						t.Errorf("%s: the connector is switched when %d of %d images are pinned", scope, stored, fields)
					}
					for field, image := range fake.Defaults(scope) {
						if registry.Tag("harness-mirror/"+image) != registry.Tag(image) {
							t.Errorf("%s/%s: the connector is switched before %s is in the mirror", scope, field, image)
						}
					}
				}
			}})
			dir.Must("apply", "-auto-approve")
			requireURL(t, fake, ownMirrorURL)
			for _, scope := range []string{"ci/K8", "ci/VM"} {
				stored, defaults := fake.Overrides(scope), fake.Defaults(scope)
				for _, field := range fake.Settable(scope) {
					if stored[field] != defaults[field] {
						t.Errorf("%s/%s is %q, want %q", scope, field, stored[field], defaults[field])
					}
				}
			}
			requireSays(t, dir.Must("show"),
				"registry.example.com:5000/harness-mirror/harness/ci-addon:1.16.92@"+registry.Tag("harness/ci-addon:1.16.92"))
			dir.Must("plan", "-detailed-exitcode")
			dir.Must("destroy", "-auto-approve")
			requireNoOverride(t, fake)
			requireURL(t, fake, hubURL)
		})
	}
}

// One release behind: the version before the default is listed, copied and pinned before builds pull from the
// mirror. A pin of the caller's comes first, and where there is no release to stay behind with, nothing happens.
func TestAccMirrorModuleOneReleaseBehind(t *testing.T) {
	t.Parallel()
	fake := startExampleFake(t)
	dir, registry := mirrorModule(t, fake, `
  releases_behind = 1
  pins            = { "ci/K8/gitCloneTag" = "harness/drone-git:1.6.8-rootless", "ci/K8/gitClonTag" = "harness/drone-git:1" }`)
	registry.Push("harness/drone-git:1.6.8-rootless", fakeregistry.Multi(4711, "linux/amd64"))
	want := map[string]string{
		"addonTag": "harness/ci-addon:1.16.91", "liteEngineTag": "harness/ci-lite-engine:1.16.91",
		"addonTagRootless": "harness/ci-addon:rootless-1.16.91", "liteEngineTagRootless": "harness/ci-lite-engine:rootless-1.16.91",
		"gitCloneTag": "harness/drone-git:1.6.8-rootless",
	}
	fake.Inject(fakeharness.Fault{Call: "writes", Hook: func(fakeharness.Request) {
		for _, image := range want {
			if registry.Tag("harness-mirror/"+image) == "" || registry.Tag("harness-mirror/"+image) != registry.Tag(image) {
				t.Errorf("overrides are written before %s is in the mirror", image)
			}
		}
	}})
	requireSays(t, dir.Must("apply", "-auto-approve"), "No field has these names: ci/K8/gitClonTag.")
	for field, image := range want {
		if got := fake.Overrides("ci/K8")[field]; got != image {
			t.Errorf("%s is %s, want %s", field, got, image)
		}
	}
	requireURL(t, fake, ownMirrorURL)
	dir.Must("plan", "-detailed-exitcode")

	fake.SetOverride("ci/VM", "harUploadTag", "harness/har-plugin:1") // of nobody: an exclusive set shows it
	if got := dir.Run("plan", "-detailed-exitcode"); got.Code != 2 || !strings.Contains(got.Output, "harUploadTag") {
		t.Errorf("an override outside of the configuration is no drift: %d\n%s", got.Code, got.Output)
	}
	fake.SetDefault("ci/K8", "addonTag", "harness/ci-addon:0.0.1") // the first one ever
	fake.ResetLog()
	requireSays(t, dir.Run("apply", "-auto-approve").Output, "ci/K8/addonTag: no release 1 before harness/ci-addon:0.0.1 is published")
	if fake.Count("writes")+fake.Count("connector-writes") != 0 {
		t.Error("something was written though there is no release to stay behind with")
	}
}
