package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

func TestAccImageStatus_showsWhatIsPulled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{})
	fake := w.requireFake("an account's connector is not played with")
	fake.SetOverride("ci/K8", "s3UploadTag", "other.example.com/plugins/s3:1.5.3")
	step := func(connector, field string, pulled, seen knownvalue.Check) resource.TestStep {
		return resource.TestStep{
			PreConfig: func() { fake.SetConnector(connector) },
			Config:    `data "harnessci_image_status" "test" {}`,
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(status, tfjsonpath.New("images").AtMapKey(field).AtMapKey("pulled"), pulled),
				statecheck.ExpectKnownValue(status, tfjsonpath.New("connector"), seen),
			},
		}
	}
	text, null := knownvalue.StringExact, knownvalue.Null()
	connector := func(attribute string, value knownvalue.Check) knownvalue.Check {
		return knownvalue.ObjectPartial(map[string]knownvalue.Check{attribute: value})
	}
	private := fakeharness.ConnectorBody("https://registry.example.com/mirror", "")
	onCloud := func(field string, want knownvalue.Check, connector ...string) resource.TestStep {
		step := step(strings.Join(connector, ""), field, text("-"), null)
		step.Config = `data "harnessci_image_status" "test" { infra = "vm" }`
		step.ConfigStateChecks = []statecheck.StateCheck{
			statecheck.ExpectKnownValue(status, tfjsonpath.New("images").AtMapKey(field).AtMapKey("pulled_on_harness_cloud"), want),
		}
		return step
	}
	ineffective := step("", "", null, null)
	ineffective.PreConfig = func() {
		for field, image := range map[string]string{"buildAndPushECRTag": "plugins/kaniko-ecr:1.11.0", "buildAndPushGARTag": "a:1", "buildAndPushBuildxGARTag": "a:1"} {
			fake.SetOverride("ci/K8", field, image)
		}
	}
	ineffective.ConfigStateChecks = []statecheck.StateCheck{statecheck.ExpectKnownValue(status, tfjsonpath.New("ineffective_fields"),
		knownvalue.MapExact(map[string]knownvalue.Check{"buildAndPushECRTag": text("builds with buildx run buildAndPushBuildxECRTag")}))}
	denied := step(private, "gitCloneTag", null, null)
	denied.PreConfig = func() { fake.DenyConnectors(true, true) }
	w.run(resource.TestCase{
		Steps: []resource.TestStep{
			step(private, "gitCloneTag", text("registry.example.com/mirror/harness/drone-git:1.6.9-rootless"), connector("host", text("registry.example.com"))),
			step(private, "s3UploadTag", text("registry.example.com/mirror/other.example.com/plugins/s3:1.5.3"), connector("anonymous", knownvalue.Bool(true))),
			onCloud("gitCloneTag", text("us-docker.pkg.dev/gar-prod-setup/harness-public/harness/drone-git:1.6.9")),
			onCloud("buildAndPushBuildxECRTag", text("plugins/buildx-ecr:1.3.1")),
			onCloud("securityTag", text("registry.example.com/mirror/harness/sto-plugin:latest"), private),
			ineffective,
			step("", "gitCloneTag", text("harness/drone-git:1.6.9-rootless"), connector("exists", knownvalue.Bool(false))),
			step(`{"identifier": "harnessImage", "type": "Gcp"}`, "gitCloneTag", text("harness/drone-git:1.6.9-rootless"), connector("type", text("Gcp"))),
			step(`{"identifier": "harnessImage", "type": "DockerRegistry", "spec": {"dockerRegistryUrl": "nonsense"}}`, "gitCloneTag", null, connector("url", text("nonsense"))),
			denied,
		},
		CheckDestroy: overridesStay,
	})
}
