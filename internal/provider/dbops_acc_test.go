package provider_test

import (
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// dbopsGit is an override of Database DevOps.
func dbopsGit(image string, further ...string) string {
	return single("test", "gitCloneTag", image, append(further, `module = "dbops"`)...)
}

// Database DevOps pulls through the account's connector, as its page says: the pulled name shows, is looked up
// and can be required.
func TestAccDBOpsPullsThroughTheConnector(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	registry := fakeregistry.Start(t, fakeregistry.Options{})
	fake.SetConnector(fakeharness.ConnectorBody("http://"+registry.Host()+"/mirror", ""))
	const image = "harness/drone-git:1.6.8-rootless"
	for _, ref := range fake.Defaults("dbops") {
		registry.Push("mirror/"+ref, fakeregistry.Image("linux/amd64", fakeregistry.Layer(1, 10)))
	}
	dir := verifying(t, fake, registry, "required", dbopsGit(image))
	requireError(t, dir.Run("apply", "-auto-approve").Output, "has no such tag", "mirror/"+image)
	if fake.Count("writes") != 0 {
		t.Error("a missing image was stored")
	}
	registry.Push("mirror/"+image, fakeregistry.Image("linux/amd64", fakeregistry.Layer(2, 10)))
	write(dir, registry, dbopsGit(image)+`
data "harnessci_image_status" "dbops" {
  module            = "dbops"
  check_registry    = true
  releases_registry = "reg/mirror"
  depends_on        = [harnessci_image_override.test]
}
output "pulled" {
  value = data.harnessci_image_status.dbops.images["gitCloneTag"].pulled
}
output "wrong" {
  value = concat(tolist(data.harnessci_image_status.dbops.missing_fields), keys(data.harnessci_image_status.dbops.unknown_fields))
}
`)
	requireNoWarning(t, dir.Must("apply", "-auto-approve"))
	for output, want := range map[string]string{"pulled": `"` + registry.Host() + "/mirror/" + image + `"`, "wrong": "[]"} {
		if got := strings.TrimSpace(dir.Must("output", "-json", output)); got != want {
			t.Errorf("%s: %s, want %s", output, got, want)
		}
	}

	// What could not be checked is said, as for other modules.
	fake.DenyConnectors(true, false)
	dir.Setenv("HARNESSCI_VERIFY_IMAGES", "when_reachable")
	write(dir, registry, dbopsGit("harness/drone-git:1.6.9"))
	for _, args := range [][]string{{"plan", "-out", "saved.plan"}, {"apply", "saved.plan"}} {
		requireDiagnostics(t, dir.Must(args...), 1, "Warning: Images were not checked", "dbops/gitCloneTag", "core_connector_view")
	}
}

// A module that is unknown until the apply decides only then whether there is an infra.
func TestAccDBOpsMayBeKnownLate(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	module := func(name string) string {
		return "resource \"terraform_data\" \"module\" {\n  input = \"" + name + "\"\n}\n"
	}
	resources := single("test", "gitCloneTag", present, "module = terraform_data.module.output") + `
resource "harnessci_image_overrides" "test" {
  module = terraform_data.module.output == "dbops" ? "idp" : "dbops"
  infra  = terraform_data.module.output == "dbops" ? "VM" : null
  images = {}
}
`
	dir := clitest.New(t, module("dbops")+resources, fake.Env())
	dir.Must("apply", "-auto-approve")
	requireEmptyPlan(t, dir)
	if got := fake.Overrides("dbops")["gitCloneTag"]; got != present {
		t.Errorf("dbops has %q", got)
	}
	dir.Write("main.tf", module("ci")+resources)
	dir.Must("apply", "-auto-approve")
	requireEmptyPlan(t, dir)
	if got := fake.Overrides("ci/K8")["gitCloneTag"]; got != present || len(fake.Overrides("dbops")) > 0 {
		t.Errorf("ci/K8 has %q, dbops %v", got, fake.Overrides("dbops"))
	}
	dir.Must("destroy", "-auto-approve")
	requireNoOverride(t, fake)

	// An infra that turns out to be wrong is reported before anything is written.
	dir.Write("main.tf", module("dbops")+single("test", "gitCloneTag", present, "module = terraform_data.module.output", `infra = "VM"`))
	fake.ResetLog()
	result := dir.Run("apply", "-auto-approve")
	if requireSays(t, result.Output, "The module dbops has no infra: omit infra."); result.Code != 1 || fake.Count("writes") != 0 {
		t.Errorf("exit code %d, %d writes:\n%s", result.Code, fake.Count("writes"), result.Output)
	}
}

// States from before Database DevOps have an infra planned by a static default; they and their saved plans
// still work unchanged.
func TestAccStatesFromBeforeDBOpsPlanNothing(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	fake.SetOverride("ci/K8", "gitCloneTag", present)
	fake.SetOverride("ci/VM", "gcsUploadTag", "plugins/gcs:1.6.2")
	dir := clitest.New(t, single("test", "gitCloneTag", present)+`
resource "harnessci_image_overrides" "vm" {
  infra  = "VM"
  images = { gcsUploadTag = "plugins/gcs:1.6.2" }
}
`, fake.Env())
	dir.Write("terraform.tfstate", strings.ReplaceAll(stateBeforeDBOps, "PROVIDER", `provider[\"`+registryHost()+`/harnessci/harnessci\"]`))
	requireEmptyPlan(t, dir)
	if n := fake.Count("writes"); n != 0 {
		t.Errorf("%d writes", n)
	}
	dir.Must("destroy", "-auto-approve")
	requireNoOverride(t, fake)
}

// stateBeforeDBOps is a state as the provider without Database DevOps wrote it.
const stateBeforeDBOps = `{
  "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "11111111-2222-3333-4444-555555555555", "outputs": {},
  "resources": [
    {
      "mode": "managed", "type": "harnessci_image_override", "name": "test", "provider": "PROVIDER",
      "instances": [{"schema_version": 0, "attributes": {
        "id": "ci/K8/gitCloneTag", "module": "ci", "infra": "K8", "field": "gitCloneTag", "value": "harness/drone-git:1.6.7-rootless"
      }}]
    },
    {
      "mode": "managed", "type": "harnessci_image_overrides", "name": "vm", "provider": "PROVIDER",
      "instances": [{"schema_version": 0, "attributes": {
        "id": "ci/VM", "module": "ci", "infra": "VM", "images": {"gcsUploadTag": "plugins/gcs:1.6.2"}
      }}]
    }
  ]
}`

// A rename changes nothing: for single overrides, alone and by key, and a set of another scope next to
// them.
func TestAccDBOpsMovedWithinTheProviderWritesNothing(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	const set = `
resource "harnessci_image_overrides" "%s" {
  infra  = "VM"
  images = { gitCloneTag = "harness/drone-git:1.0.0" }
}
`
	dir := clitest.New(t, dbopsGit(present)+strings.Replace(set, "%s", "old", 1), fake.Env())
	dir.Must("apply", "-auto-approve")
	fake.ResetLog()

	dir.Write("main.tf", `
resource "harnessci_image_override" "pinned" {
  for_each = { gitCloneTag = "`+present+`" }
  module   = "dbops"
  field    = each.key
  value    = each.value
}
moved {
  from = harnessci_image_override.test
  to   = harnessci_image_override.pinned["gitCloneTag"]
}
moved {
  from = harnessci_image_overrides.old
  to   = harnessci_image_overrides.new
}
`+strings.Replace(set, "%s", "new", 1))
	output := dir.Must("apply", "-auto-approve")
	requireNoWarning(t, output)
	if !strings.Contains(unwrapped(output), "0 added, 0 changed, 0 destroyed") {
		t.Errorf("the rename changes something:\n%s", output)
	}
	requireEmptyPlan(t, dir)
	if got := fake.Overrides("dbops")["gitCloneTag"]; got != present || fake.Count("writes") != 0 {
		t.Errorf("dbops has %q after %d writes", got, fake.Count("writes"))
	}

	// The resource at the new address resets it.
	dir.Must("destroy", "-auto-approve")
	requireNoOverride(t, fake)
}
