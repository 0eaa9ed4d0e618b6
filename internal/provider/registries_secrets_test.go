package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// A registry's password is in requests to that registry, and nowhere else: not in what is printed, logged,
// planned or stored, whatever a registry does with it; nor does another registry get it.
func TestAccARegistrysPasswordStaysWhereItBelongs(t *testing.T) {
	t.Parallel()
	for _, token := range []bool{false, true} {
		t.Run(fmt.Sprintf("token %v", token), func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			src := fakeregistry.Start(t, fakeregistry.Options{})
			dst := fakeregistry.Start(t, fakeregistry.Options{Username: "robot", Password: secretKey, Token: token})
			src.Push(sourceRef, fakeregistry.Multi(1, "linux/amd64"))
			env := fake.Env()
			env["HARNESSCI_VERIFY_IMAGES"], env["DOCKER_CONFIG"] = "required", t.TempDir()
			password := filepath.Join(t.TempDir(), "password") // not in the folder that is searched below
			if err := os.WriteFile(password, []byte(secretKey+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			dir := clitest.New(t, fmt.Sprintf(`
provider "harnessci" {
  max_retries = 0
  registries  = { %[2]q = { username = "robot", password = trimspace(file(%[3]q)) } }
}
resource "harnessci_image_copy" "addon" {
  source      = "%[1]s/harness/ci-addon:1.16.92"
  destination = "%[2]s/mirror/harness/ci-addon:1.16.92"
  on_destroy  = "delete"
}
resource "harnessci_image_override" "addon" {
  field = "addonTag"
  value = harnessci_image_copy.addon.destination
}
data "harnessci_registry_image" "copy" {
  image = harnessci_image_copy.addon.reference
}
data "harnessci_image_status" "now" {
  check_registry    = true
  releases_registry = "%[2]s/mirror"
  max_age_days      = 30
}
`, src.Host(), dst.Host(), password), env)
			dir.Setenv("TF_LOG", "TRACE")
			dir.Setenv("TF_LOG_PATH", dir.Path("trace.log"))
			run := func(wantCode int, args ...string) {
				t.Helper()
				result := dir.Run(args...)
				if result.Code != wantCode {
					t.Errorf("%v exited with %d, want %d:\n%s", args, result.Code, wantCode, result.Output)
				}
				requireNoSecret(t, strings.Join(args, " "), result.Output)
			}
			echo := func(method string) {
				dst.Inject(fakeregistry.Fault{
					Method: method, Kind: "manifests", Status: 403, Code: "NO_" + secretKey, Message: "robot:" + secretKey + " may not", Times: -1,
				})
			}
			run(0, "plan", "-out", "saved.plan")
			requireNoSecretInPlan(t, dir.Path("saved.plan"))
			echo("PUT")
			run(1, "apply", "saved.plan")
			dst.ClearFaults()
			run(0, "apply", "-auto-approve")
			run(0, "show", "-json")
			run(0, "plan", "-detailed-exitcode")
			echo("")
			run(1, "plan")
			run(1, "destroy", "-auto-approve", "-refresh=false")
			dst.ClearFaults()
			run(0, "destroy", "-auto-approve")

			if log := dir.Read("trace.log"); strings.Count(log, "Registry request") < 20 || !strings.Contains(log, "[redacted]") {
				t.Error("the log has no word of the requests, or the registry's words were not shown")
			}
			requireNoSecretBelow(t, filepath.Dir(dir.Path("trace.log")))
			for _, request := range src.Requests() {
				if request.Authorization != "" {
					t.Errorf("another registry got %s", request.Authorization)
				}
			}
			for _, request := range fake.Requests() {
				requireNoSecret(t, "a request to Harness", fmt.Sprintf("%+v %s", request, request.Body))
			}
		})
	}
}
