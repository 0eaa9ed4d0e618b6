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
					Method: method, Call: "manifests", Status: 403, Code: "NO_" + secretKey, Message: "robot:" + secretKey + " may not", Times: -1,
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

// An error about a value that may be a secret shows neither the value nor the line of the configuration, which may have
// another one.
func TestAccNoLineWithASecretIsQuoted(t *testing.T) {
	t.Parallel()
	const login = `{ username = "robot", password = "` + secretKey + `" }`
	for name, test := range map[string]struct{ block, rest, says string }{
		"api_key":      {block: `api_key = "` + secretKey + `\n"`, says: "another character that no token has"},
		"bearer_token": {block: `bearer_token = "` + secretToken + ` "`, says: "another character that no token has"},
		"two credentials": {
			block: `api_key = "` + secretKey + `"` + "\n" + `bearer_token = "` + secretToken + `"`, says: "Both api_key and bearer_token",
		},
		"endpoint":             {block: `endpoint = "https://me:` + secretKey + `@app.harness.io/gateway"`, says: "a user name or password"},
		"endpoint, no URL":     {block: `endpoint = "https://me:` + secretKey + `\u0001@app.harness.io/gateway"`, says: "is not a URL"},
		"account_id":           {block: `account_id = "` + secretKey + `"`, says: "contains a dot, as API keys do"},
		"a key of registries":  {block: `registries = { "https://a.example" = ` + login + `, "b.example" = ` + login + ` }`, says: "A key of registries has a"},
		"a login as a key":     {block: `registries = { "robot:` + secretKey + `" = ` + login + ` }`, says: "does not begin with a host and a"},
		"a login in a key":     {block: `registries = { "robot:` + secretKey + `@b.example" = ` + login + ` }`, says: "contains a user name or password"},
		"a password of spaces": {block: `registries = { "b.example" = { username = "robot", password = " ` + secretKey + `" } }`, says: "white space"},
		"no user":              {block: `registries = { "b.example" = { password = "` + secretKey + `" } }`, says: "username is not"},
		"registry_url": {rest: `data "harnessci_image_catalog" "a" {
  registry_url = "https://me:` + secretKey + `@b.example:x/"
}`, says: "Invalid registry URL"},
		"registry_url, a login": {rest: `data "harnessci_image_catalog" "a" {
  registry_url = "https://me:` + secretKey + `@b.example/"
}`, says: "Invalid registry URL"},
		"a login in an image":  {rest: "resource \"harnessci_image_override\" \"a\" {\n  field = \"gitCloneTag\"\n  value = \"me:" + secretKey + "@b.example/a:1\"\n}", says: "Invalid image"},
		"a login in a copy":    {rest: "resource \"harnessci_image_copy\" \"a\" {\n  source = \"a/b:1\"\n  destination = \"https://me:" + secretKey + "@b.example/a:1\"\n}", says: "Invalid image"},
		"url of the connector": {rest: "resource \"harnessci_image_connector\" \"a\" {\n  url = \"https://me:" + secretKey + "@b.example\"\n}", says: "url"},
		"password_ref":         {rest: "resource \"harnessci_image_connector\" \"a\" {\n  url = \"https://b.example\"\n  username = \"me\"\n  password_ref = \"" + secretKey + "\"\n}", says: "password_ref"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			if test.rest == "" {
				test.rest = `data "harnessci_default_images" "a" {}`
			}
			dir := clitest.New(t, "provider \"harnessci\" {\n"+test.block+"\n}\n"+test.rest+"\n", fake.Env())
			result := dir.Run("plan")
			if result.Code != 1 || !strings.Contains(strings.Join(diagnosticsOf(result.Output), "\n"), test.says) {
				t.Errorf("exits with %d, want 1 and %q:\n%s", result.Code, test.says, result.Output)
			}
			requireNoSecret(t, "plan", result.Output)
		})
	}
}
