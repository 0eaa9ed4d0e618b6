package provider_test

import (
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// The second apply runs while the connection test of the first one is under way.
func TestAccImageConnector_ofTwoAppliesAtOnceTheOverwrittenOneSaysSo(t *testing.T) {
	t.Parallel()
	fake, first := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
	second := clitest.New(t, connectorConfig("https://other.example.com"), fake.Env())
	var theirs clitest.Result
	fake.Inject(fakeharness.Fault{Call: "test-connector", Connector: harness.ImageConnector, Hook: func(fakeharness.Request) {
		theirs = second.Run("apply", "-auto-approve")
	}})
	requireFails(t, first, "apply -auto-approve", "Another change to the connector came in between", "Run a plan to see the current connector")
	if theirs.Code != 0 {
		t.Errorf("the second apply fails:\n%s", theirs.Output)
	}
	requireURL(t, fake, "https://other.example.com")
	requireEmptyPlan(t, second)
	if shown := first.Must("show"); strings.Contains(shown, "harnessci_image_connector") {
		t.Errorf("the state contains a resource that was not stored: %s", shown)
	}
}

func TestAccImageConnector_anotherAccountIsLeftAlone(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
	fake.AddAccount(secondAccount)
	dir.Must("apply", "-auto-approve")
	fake.ResetLog()
	dir.Setenv("HARNESS_ACCOUNT_ID", secondAccount)
	for _, command := range []string{"plan", "apply -auto-approve", "plan -refresh=false", "destroy -auto-approve"} {
		requireFails(t, dir, command, "The state of the image connector belongs to another account")
	}
	if n := fake.Count(""); n != 0 {
		t.Errorf("%d requests were sent to the wrong account", n)
	}
}

func TestAccImageConnector_importByIdentityOfAnotherAccountIsRefused(t *testing.T) {
	t.Parallel()
	_, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL)+`
import {
  to = harnessci_image_connector.this
  identity = {
    account_id = "another-account"
    identifier = "harnessImage"
  }
}
`)
	importByIdentity.require(t, dir)
	requireFails(t, dir, "plan", "Could not import from another account", `"another-account"`)
}

func TestAccImageConnector_isNotPlannedWhileTheProviderIsNotKnown(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	fake.AddSecret("account.robot")
	dir := clitest.New(t, `
resource "terraform_data" "key" { input = "`+fake.Options().APIKey+`" }
provider "harnessci" { api_key = terraform_data.key.output }
`+connectorConfig(mirrorURL), fake.Env())
	dir.Must("plan")
	if n := fake.Count(""); n != 0 {
		t.Errorf("%d requests while the key was not known", n)
	}
	dir.Must("apply", "-auto-approve")
	requireURL(t, fake, mirrorURL)
	requireEmptyPlan(t, dir)
}

func TestAccImageConnector_anInterruptedDestroyIsUndoneAndRepeated(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
	dir.Must("apply", "-auto-approve")
	writing, interrupted := make(chan struct{}), make(chan struct{})
	fake.Inject(fakeharness.Fault{Call: "update-connector", BeforeSave: func(fakeharness.Request) {
		close(writing)
		<-interrupted
	}})
	destroy := dir.Start("destroy", "-auto-approve")
	<-writing
	destroy.Interrupt()
	close(interrupted)
	requireSays(t, destroy.Wait().Output, "has been put back")
	requireURL(t, fake, mirrorURL)
	if result := dir.Run("destroy", "-auto-approve"); result.Code != 0 {
		t.Errorf("%s", result.Output)
	}
	requireURL(t, fake, hubURL)
}

// A destroy begins with a plan of everything, of what was never made too.
func TestAccImageConnector_ofAnotherTypeStopsNoDestroy(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, single("git", "gitCloneTag", present))
	dir.Must("apply", "-auto-approve")
	fake.SetConnector(`{"name": "GCP", "identifier": "harnessImage", "type": "Gcp", "spec": {}}`)
	dir.Write("main.tf", single("git", "gitCloneTag", present)+connectorConfig(mirrorURL))
	requireFails(t, dir, "plan", "is of the type Gcp")
	dir.Must("destroy", "-auto-approve")
	if left := fake.Overrides("ci/K8"); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}
