package provider_test

import (
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

const mirroredGit = "registry.example.com/mirror/harness/drone-git:1.6.9-rootless"

func TestAccPlanShowsWhatWouldBePulled(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, single("git", "gitCloneTag", mirroredGit))
	requireSays(t, dir.Must("plan"), "Warning: Builds would pull from registry.example.com without credentials",
		"planned: "+mirroredGit+" instead: mirror/harness/drone-git:1.6.9-rootless", "is based on the current connector")

	fake.SetConnector(fakeharness.ConnectorBody("https://other.example.com/a", ""))
	requireSays(t, dir.Must("plan"), "Warning: Builds would look for registry.example.com inside other.example.com",
		"pulled: other.example.com/a/"+mirroredGit, "instead: mirror/harness/drone-git:1.6.9-rootless")

	fake.SetConnector(fakeharness.ConnectorBody("https://registry.example.com/mirror", ""))
	requireNoWarning(t, dir.Must("apply", "-auto-approve"))

	// An unchanged override is not reported again, whatever happens to the connector.
	fake.SetConnector(fakeharness.ConnectorBody("https://other.example.com", ""))
	fake.ResetLog()
	requireNoWarning(t, dir.Must("plan"))
	if n := fake.Count("get-connector"); n != 0 {
		t.Errorf("the connector was asked for %d times, and nothing changes", n)
	}
}

func TestAccPlanIsSilentAboutAConnectorThatMayNotBeRead(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, single("git", "gitCloneTag", mirroredGit)+single("s3", "s3UploadTag", "registry.example.com/plugins/s3:1.5.3"))
	fake.DenyConnectors(true, true)
	requireNoWarning(t, dir.Must("plan"))
	if n := fake.Count("get-connector"); n != 1 {
		t.Errorf("the connector was asked for %d times", n)
	}
	requireNoWarning(t, dir.Must("apply", "-auto-approve"))
}

func TestAccPlanCountsAConnectorOfTheSameRun(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL)+
		single("git", "gitCloneTag", mirroredGit, "depends_on = [harnessci_image_connector.this]"))
	output := dir.Must("apply", "-auto-approve")
	if strings.Contains(output, "Builds would") {
		t.Errorf("it goes by the connector that is replaced:\n%s", output)
	}
	requireEmptyPlan(t, dir)
	// The way back: the override is changed first, and the connector warns of what it would break.
	dir.Write("main.tf", connectorConfig("https://other.example.com")+single("git", "gitCloneTag", mirroredGit, "depends_on = [harnessci_image_connector.this]"))
	requireSays(t, dir.Must("plan"), "Warning: Builds would look for registry.example.com inside other.example.com",
		"ci/K8/gitCloneTag stored: "+mirroredGit, "Change them first, or in this run with depends_on, so that no build breaks in the meantime.")
	_ = fake
}

// Another connector can break overrides of every module and infra, whoever set them.
func TestAccPlanOfAConnectorShowsWhatItBreaks(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
	fake.SetOverride("iacm/VM", "iacmOpenTofu", "other.example.com/plugins/harness_opentofu:1")
	fake.SetOverride("ci/K8", "gitCloneTag", "other.example.com/drone-git:1")
	fake.SetOverride("ci/VM", "gitCloneTag", "harness/drone-git:1.6.9")
	output := dir.Must("plan")
	requireSays(t, output, "Builds would look for other.example.com inside registry.example.com",
		"ci/K8/gitCloneTag stored: other.example.com/drone-git:1 pulled: registry.example.com/mirror/other.example.com/drone-git:1 instead: drone-git:1",
		"iacm/VM/iacmOpenTofu stored:")
	if strings.Contains(output, "ci/VM/gitCloneTag") {
		t.Errorf("it warns of what does not break:\n%s", output)
	}
	if n := fake.Count("get-connector"); n != 1 {
		t.Errorf("the connector was asked for %d times", n)
	}
}

func TestAccImageConnector_generatedConfigurationMatchesTheConnector(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, `import {
  to = harnessci_image_connector.this
  id = "harnessImage"
}
`)
	fake.SetConnector(fakeharness.ConnectorBody(mirrorURL, "robot"))
	dir.Must("plan", "-generate-config-out=generated.tf")
	dir.Must("apply", "-auto-approve")
	requireEmptyPlan(t, dir)
	if n := fake.Count("connector-writes"); n != 0 {
		t.Errorf("%d writes", n)
	}
}
