package provider_test

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// verifying returns a folder with a configuration whose images are verified according to mode; reg/ means
// the registry. DOCKER_CONFIG is empty, so that no login of this machine is used.
func verifying(t *testing.T, fake *fakeharness.Server, registry *fakeregistry.Server, mode, text string) *clitest.Dir {
	t.Helper()
	env := fake.Env()
	env["HARNESSCI_VERIFY_IMAGES"], env["DOCKER_CONFIG"] = mode, t.TempDir()
	dir := clitest.New(t, "", env)
	write(dir, registry, text)
	return dir
}

func write(dir *clitest.Dir, registry *fakeregistry.Server, text string) {
	dir.Write("main.tf", "provider \"harnessci\" {\n  max_retries = 0\n}\n"+strings.ReplaceAll(text, "reg/", registry.Host()+"/"))
}

// pin is a single override of ci/K8.
func pin(field, image string) string {
	return fmt.Sprintf("resource \"harnessci_image_override\" %q {\n  field = %q\n  value = %q\n}\n", field, field, image)
}

// set is an exclusive set of ci/K8.
func set(images map[string]string) string {
	var lines strings.Builder
	for _, field := range slices.Sorted(maps.Keys(images)) {
		fmt.Fprintf(&lines, "    %s = %q\n", field, images[field])
	}
	return "resource \"harnessci_image_overrides\" \"all\" {\n  images = {\n" + lines.String() + "  }\n}\n"
}

// requireDiagnostics fails unless exactly this many diagnostics begin with a text, each containing all the
// others.
func requireDiagnostics(t *testing.T, output string, count int, about string, texts ...string) {
	t.Helper()
	found := 0
	for _, text := range diagnosticsOf(output) {
		if !strings.HasPrefix(text, about) {
			continue
		}
		found++
		for _, want := range texts {
			if !strings.Contains(text, want) {
				t.Errorf("this diagnostic does not say %q: %s", want, text)
			}
		}
	}
	if found != count {
		t.Errorf("%d diagnostics begin with %q, want %d:\n%s", found, about, count, output)
	}
}

var someImage = fakeregistry.Image("linux/amd64", fakeregistry.Layer(1, 10))

func TestAccAMissingImageNeverReachesHarness(t *testing.T) {
	t.Parallel()
	for kind, test := range map[string]struct{ config, about string }{
		"single": {
			pin("addonTag", "reg/harness/ci-addon:1.16.99") + pin("liteEngineTag", "reg/harness/ci-lite-engine:1.16.92"),
			"Error: Could not set the image override ci/K8/addonTag",
		},
		"set": {
			set(map[string]string{"addonTag": "reg/harness/ci-addon:1.16.99", "liteEngineTag": "reg/harness/ci-lite-engine:1.16.92"}),
			"Error: Could not set the image override ci/K8/addonTag",
		},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			registry := fakeregistry.Start(t, fakeregistry.Options{})
			for _, tag := range []string{"1.16.92", "1.16.91", "1.15.4", "1.2.0"} {
				registry.Push("harness/ci-addon:"+tag, someImage)
			}
			registry.Push("harness/ci-lite-engine:1.16.92", someImage)
			dir := verifying(t, fake, registry, "when_reachable", test.config)
			output := dir.Must("plan")
			requireDiagnostics(t, output, 1, "Warning: Images are not in their registry", "ci/K8/addonTag",
				registry.Host()+" has no such tag", registry.Host()+"/harness/ci-addon:1.16.99", "1.16.92", "1.16.91", "1.15.4")
			requireDiagnostics(t, output, 0, "Warning: Images were not checked")
			if n := fake.Count("writes"); n != 0 {
				t.Errorf("the plan wrote %d times", n)
			}
			result := dir.Run("apply", "-auto-approve")
			if result.Code != 1 {
				t.Errorf("the apply exited with %d:\n%s", result.Code, result.Output)
			}
			requireDiagnostics(t, result.Output, 1, test.about, registry.Host()+" has no such tag", "Nothing was written", "1.16.92")
			for _, request := range fake.Requests() {
				if strings.Contains(string(request.Body), "1.16.99") {
					t.Errorf("Harness was sent the image that is not there: %s", request.Body)
				}
			}
			if got := fake.Overrides("ci/K8"); len(got) != 1 || got["liteEngineTag"] != registry.Host()+"/harness/ci-lite-engine:1.16.92" {
				t.Errorf("the account has %v: the other image is to be stored", got)
			}
			// Once it is pushed, the same configuration applies.
			registry.Push("harness/ci-addon:1.16.99", someImage)
			requireDiagnostics(t, dir.Must("apply", "-auto-approve"), 0, "Warning: Images are not in")
			dir.Must("plan", "-detailed-exitcode")
		})
	}
}

func TestAccAMissingRepositoryIsReported(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	registry := fakeregistry.Start(t, fakeregistry.Options{})
	dir := verifying(t, fake, registry, "when_reachable", pin("addonTag", "reg/harness/ci-adon:1.16.92"))
	requireDiagnostics(t, dir.Must("plan"), 1, "Warning: Images are not in their registry", "ci/K8/addonTag", "has no such repository")
}

// A registry that does not answer, or needs another login, proves nothing. What was not checked is said: one
// warning in the plan, one in the apply.
func TestAccWhatCannotBeLookedUpIsSaid(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault *fakeregistry.Fault
		says  string // with %s for the registry's host
	}{
		"wants a login":  {&fakeregistry.Fault{Status: 401, Code: "UNAUTHORIZED"}, "no login is configured for %s"},
		"is forbidden":   {&fakeregistry.Fault{Status: 403, Code: "DENIED"}, "%s denied access"},
		"is unavailable": {&fakeregistry.Fault{Status: 503}, "%s answered with HTTP 503"},
		"limits":         {&fakeregistry.Fault{Status: 429, Code: "TOOMANYREQUESTS"}, "%s limits requests"},
		"drops":          {&fakeregistry.Fault{Drop: true}, "%s gave no answer"},
		"is not there":   {nil, "%s gave no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			registry := fakeregistry.Start(t, fakeregistry.Options{})
			if test.fault == nil {
				registry.Close()
			} else {
				test.fault.Times = -1
				registry.Inject(*test.fault)
			}
			images := map[string]string{"addonTag": "reg/harness/ci-addon:1.16.92", "liteEngineTag": "reg/harness/ci-lite-engine:1.16.92"}
			dir := verifying(t, fake, registry, "when_reachable", set(images))
			for _, args := range [][]string{{"plan", "-out", "saved.plan"}, {"apply", "saved.plan"}} {
				output := dir.Must(args...)
				requireDiagnostics(t, output, 1, "Warning: Images were not checked", fmt.Sprintf(test.says, registry.Host()), "ci/K8/addonTag", "ci/K8/liteEngineTag",
					`verify_images = "required"`)
			}
			if len(fake.Overrides("ci/K8")) != 2 {
				t.Error("not both are stored")
			}

			images["addonTag"] = "reg/harness/ci-addon:1.16.91"
			write(dir, registry, set(images))
			dir.Setenv("HARNESSCI_VERIFY_IMAGES", "required")
			result := dir.Run("plan")
			requireDiagnostics(t, result.Output, 1, "Error: Could not verify the image of ci/K8/addonTag", "verify_images")
		})
	}
}

// A plan that changes nothing asks no registry, and one that changes something asks only for that, once.
func TestAccOnlyImagesThatChangeAreLookedUp(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	registry := fakeregistry.Start(t, fakeregistry.Options{})
	for _, image := range []string{"ci-addon:1.16.92", "ci-addon:1.16.91", "ci-lite-engine:1.16.92"} {
		registry.Push("harness/"+image, someImage)
	}
	config := pin("addonTag", "reg/harness/ci-addon:1.16.92") + pin("liteEngineTag", "reg/harness/ci-lite-engine:1.16.92")
	dir := verifying(t, fake, registry, "when_reachable", config)
	requireHeads := func(want int, args ...string) { // each with a GET of the manifest and of the configuration
		t.Helper()
		registry.ResetLog()
		dir.Must(args...)
		if got := registry.Count(http.MethodHead, "manifests"); got != want || registry.Count("", "manifests", "tags", "blobs") != 3*want {
			t.Errorf("%v sent %d HEADs, want %d: %+v", args, got, want, registry.Requests())
		}
	}
	requireHeads(2, "plan", "-out", "saved.plan")
	requireHeads(2, "apply", "saved.plan")
	fake.ResetLog()
	requireHeads(0, "plan", "-detailed-exitcode")
	if n := fake.Count("connectors"); n != 0 {
		t.Errorf("a plan with nothing to do asked for the connector %d times", n)
	}
	write(dir, registry, pin("addonTag", "reg/harness/ci-addon:1.16.91")+pin("liteEngineTag", "reg/harness/ci-lite-engine:1.16.92"))
	requireHeads(1, "plan", "-out", "saved.plan")
	requireHeads(1, "apply", "saved.plan")
	dir.Setenv("HARNESSCI_VERIFY_IMAGES", "off")
	write(dir, registry, pin("addonTag", "reg/harness/ci-addon:9.9.9")+pin("liteEngineTag", "reg/harness/ci-lite-engine:1.16.92"))
	requireHeads(0, "plan")
}

// A tag is not enough: what builds run must be there, too.
func TestAccAnImageThatBuildsCannotRunIsSaid(t *testing.T) {
	t.Parallel()
	both := fakeregistry.Multi(1, "linux/amd64", "linux/arm64")
	for name, test := range map[string]struct {
		content fakeregistry.Content
		lose    []string
		says    string
	}{
		"a lost platform": {both, []string{both.Children[0].Digest()}, "the index is there, linux/amd64 is not"},
		"another":         {fakeregistry.Image("linux/arm64"), nil, "it is for linux/arm64, not for linux/amd64"},
		"an artifact":     {fakeregistry.Index(), nil, "it is an artifact, not an image that can run"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			registry := fakeregistry.Start(t, fakeregistry.Options{})
			registry.Push("mirror/harness/ci-addon:1.16.92", test.content)
			registry.Lose("mirror/harness/ci-addon", test.lose...)
			fake.SetConnector(fakeharness.ConnectorBody("http://"+registry.Host()+"/mirror/", "robot"))
			dir := verifying(t, fake, registry, "when_reachable", pin("addonTag", "harness/ci-addon:1.16.92"))
			for _, args := range [][]string{{"plan", "-out", "saved.plan"}, {"apply", "saved.plan"}} {
				requireDiagnostics(t, dir.Must(args...), 1, "Warning: Images are in their registry, but builds may not be able to run them",
					"ci/K8/addonTag: "+test.says, registry.Host()+"/mirror/harness/ci-addon:1.16.92", test.content.Digest())
			}
			if len(fake.Overrides("ci/K8")) != 1 {
				t.Error("it is not stored")
			}

			dir.Must("destroy", "-auto-approve")
			dir.Setenv("HARNESSCI_VERIFY_IMAGES", "required")
			fake.ResetLog()
			result := dir.Run("apply", "-auto-approve")
			requireDiagnostics(t, result.Output, 1, "Error: Could not verify the image of ci/K8/addonTag", test.says[1:], `verify_images = "required"`)
			if fake.Count("writes") != 0 {
				t.Error("it was stored")
			}
			registry.Push("mirror/harness/ci-addon:1.16.92", both)
			dir.Must("apply", "-auto-approve")
		})
	}
}

// A registry says how to log in while the API answers, so that lookups cost one round trip.
func TestAccARegistryIsPingedWhileTheConnectorIsRead(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	registry := fakeregistry.Start(t, fakeregistry.Options{})
	registry.Push("harness/ci-addon:1.16.92", someImage)
	dir := verifying(t, fake, registry, "required", pin("addonTag", "reg/harness/ci-addon:1.16.92"))
	for _, args := range [][]string{{"plan", "-out", "saved.plan"}, {"apply", "saved.plan"}} {
		pinged := make(chan struct{})
		registry.Inject(fakeregistry.Fault{Call: "base", Hook: func(fakeregistry.Request) { close(pinged) }})
		fake.Inject(fakeharness.Fault{Call: "get-connector", Hook: func(fakeharness.Request) {
			select {
			case <-pinged:
			case <-t.Context().Done(): // the client has given up, and the command failed
			}
		}})
		registry.ResetLog()
		dir.Must(args...)
		if pings, heads := registry.Count("", "base"), registry.Count(http.MethodHead, "manifests"); pings != 1 || heads != 1 {
			t.Errorf("%s sent %d pings and %d HEADs, want one of each", args[0], pings, heads)
		}
	}
}

// What is looked up is what builds pull: with the connector's registry before the name.
func TestAccThePulledNameIsLookedUp(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	registry := fakeregistry.Start(t, fakeregistry.Options{})
	registry.Push("mirror/harness/ci-addon:1.16.92", someImage)
	fake.SetConnector(fakeharness.ConnectorBody("http://"+registry.Host()+"/mirror/", "robot"))
	dir := verifying(t, fake, registry, "required", pin("addonTag", "harness/ci-addon:1.16.92")+pin("liteEngineTag", "harness/ci-lite-engine:1.16.92"))
	output := dir.Must("plan")
	requireDiagnostics(t, output, 1, "Warning: Images are not in their registry", "ci/K8/liteEngineTag",
		registry.Host()+"/mirror/harness/ci-lite-engine:1.16.92")
	for _, request := range registry.Requests() {
		if request.Kind == "manifests" && !strings.HasPrefix(request.Repository, "mirror/harness/") {
			t.Errorf("%s was looked up", request.Repository)
		}
	}

	// Nobody knows what is pulled while the connector may not be read.
	fake.DenyConnectors(true, false)
	registry.ResetLog()
	result := dir.Run("plan")
	requireDiagnostics(t, result.Output, 2, "Error: Could not verify the image of ci/K8/")
	requireSays(t, result.Output, "image connector cannot be read", "as explained for ci/K8/", "core_connector_view")
	dir.Setenv("HARNESSCI_VERIFY_IMAGES", "when_reachable")
	for _, args := range [][]string{{"plan", "-out", "saved.plan"}, {"apply", "saved.plan"}} {
		requireDiagnostics(t, dir.Must(args...), 1, "Warning: Images were not checked",
			"the image connector cannot be read (403, needs core_connector_view)", "Ask an administrator")
	}
	if n := registry.Count(""); n != 0 {
		t.Errorf("%d requests were sent for a name that is not known", n)
	}
}

// A copy in the same run creates the image, so its absence at plan is expected, and the override waits.
func TestAccAnOverrideWaitsForItsCopy(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	registry := fakeregistry.Start(t, fakeregistry.Options{})
	source := registry.Push("harness/ci-addon:1.16.92", fakeregistry.Multi(1, "linux/amd64", "linux/arm64"))
	dir := verifying(t, fake, registry, "required", `
resource "harnessci_image_copy" "addon" {
  source      = "reg/harness/ci-addon:1.16.92"
  destination = "reg/mirror/harness/ci-addon:1.16.92"
}
resource "harnessci_image_override" "addon" {
  field = "addonTag"
  value = harnessci_image_copy.addon.reference
}
`)
	output := dir.Must("plan", "-out", "saved.plan")
	requireDiagnostics(t, output, 0, "Warning: Images are not in")
	if !strings.Contains(strings.Join(strings.Fields(output), " "), fmt.Sprintf(`+ value = "%s/mirror/harness/ci-addon:1.16.92@%s"`, registry.Host(), source)) {
		t.Errorf("the plan does not show the digest of the override:\n%s", output)
	}
	dir.Must("apply", "saved.plan")
	dir.Must("plan", "-detailed-exitcode")
	if got := registry.Tag("mirror/harness/ci-addon:1.16.92"); got != source {
		t.Errorf("the copy is %q, want %s", got, source)
	}
	if got := fake.Overrides("ci/K8")["addonTag"]; !strings.HasSuffix(got, source) {
		t.Errorf("the override is %q", got)
	}
}

// A host that never answers must not delay an apply once per image.
func TestAccAHangingHostIsAskedOnce(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // until the end of the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() }) // it takes connections and says nothing
	images := map[string]string{}
	for _, field := range fake.Settable("ci/K8")[:12] {
		images[field] = listener.Addr().String() + "/x/" + strings.ToLower(field) + ":1"
	}
	dir := verifying(t, fake, fakeregistry.Start(t, fakeregistry.Options{}), "when_reachable", set(images))
	output := dir.Must("apply", "-auto-approve")
	requireDiagnostics(t, output, 1, "Warning: Images were not checked", listener.Addr().String()+" did not answer within 3 s", "and 6 more")
	if got := len(fake.Overrides("ci/K8")); got != 12 {
		t.Errorf("%d of 12 are stored", got)
	}
}
