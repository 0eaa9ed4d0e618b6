package provider_test

import (
	"strings"
	"syscall"
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
	stored := make(chan struct{})
	fake.Inject(fakeharness.Fault{Call: "test-connector", Connector: harness.ImageConnector, Hang: true, Hook: func(fakeharness.Request) { close(stored) }})
	destroy := dir.Start("destroy", "-auto-approve")
	<-stored
	destroy.Signal(syscall.SIGINT)
	requireSays(t, destroy.Wait().Output, "has been put back")
	requireURL(t, fake, mirrorURL)
	if result := dir.Run("destroy", "-auto-approve"); result.Code != 0 {
		t.Errorf("%s", result.Output)
	}
	requireURL(t, fake, hubURL)
}

// A run that is killed at any of its calls leaves a connector that works, and the first previous one is never lost.
func TestAccImageConnector_aKilledCreateForgetsNothing(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]fakeharness.Fault{
		"before the candidate":         {Call: "create-connector", Connector: harness.ImageCandidate},
		"the candidate's test":         {Call: "test-connector", Connector: harness.ImageCandidate},
		"the candidate's end":          {Call: "delete-connector", Connector: harness.ImageCandidate},
		"the read before the switch":   {Call: "get-connector", After: 2},
		"the switch":                   {Call: "update-connector", Connector: harness.ImageConnector},
		"the read after the switch":    {Call: "get-connector", After: 3},
		"the test":                     {Call: "test-connector", Connector: harness.ImageConnector},
		"the read before the state is": {Call: "get-connector", After: 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
			dir.Group = true
			reached, killed := make(chan struct{}), make(chan struct{})
			at.Hook = func(fakeharness.Request) {
				close(reached)
				<-killed
			}
			fake.Inject(at)
			apply := dir.Start("apply", "-auto-approve")
			<-reached
			apply.SignalGroup(syscall.SIGKILL)
			close(killed)
			apply.Wait()
			if url, _ := spec(t, fake)["dockerRegistryUrl"].(string); url != hubURL && url != mirrorURL {
				t.Errorf("the URL is %q", url)
			}
			dir.Must("apply", "-auto-approve")
			requireURL(t, fake, mirrorURL)
			requireSays(t, dir.State(), `"restores_url": "`+hubURL+`"`)
			requireEmptyPlan(t, dir)
			dir.Must("destroy", "-auto-approve")
			requireURL(t, fake, hubURL)
			if stored := fake.Connector(); strings.Contains(stored, "Terraform") || fake.ConnectorNamed(harness.ImageCandidate) != "" {
				t.Errorf("left %s and %s", stored, fake.ConnectorNamed(harness.ImageCandidate))
			}
		})
	}
}

// What the state loses, the connector's description has.
func TestAccImageConnector_thePreviousOneOutlivesItsState(t *testing.T) {
	t.Parallel()
	const at, cbd = "harnessci_image_connector.this", "lifecycle { create_before_destroy = true }"
	const removed = "removed {\n  from = " + at + "\n  lifecycle { destroy = false }\n}\n"
	other := connectorConfig("https://other.example.com")
	for name, steps := range map[string][]string{
		"tainted":                  {"taint " + at, "apply -auto-approve"},
		"tainted and destroyed":    {"taint " + at},
		"replaced":                 {"apply -auto-approve -replace=" + at},
		"replaced before":          {cbd, "apply -auto-approve -replace=" + at},
		"tainted, replaced before": {cbd, "taint " + at, "apply -auto-approve"},
		"changed, then tainted":    {other, "apply -auto-approve", "taint " + at, "apply -auto-approve"},
		"removed and imported":     {removed, "apply -auto-approve", connectorConfig(mirrorURL), "import " + at + " harnessImage"},
		"removed and created":      {removed, "apply -auto-approve", connectorConfig(mirrorURL), "apply -auto-approve"},
		"without a refresh":        {other, "apply -auto-approve -refresh=false"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
			dir.Must("apply", "-auto-approve")
			for _, step := range steps {
				switch {
				case step == cbd:
					dir.Write("main.tf", connectorConfig(mirrorURL, cbd))
				case strings.Contains(step, "{"):
					dir.Write("main.tf", step)
				default:
					dir.Must(strings.Fields(step)...)
				}
			}
			if url, _ := spec(t, fake)["dockerRegistryUrl"].(string); url == hubURL {
				t.Error("the previous connector came back too early")
			}
			requireSays(t, dir.Must("plan", "-destroy", "-refresh=false"), "is restored:", hubURL)
			dir.Must("destroy", "-auto-approve", "-refresh=false")
			requireURL(t, fake, hubURL)
		})
	}
}

// A candidate that a killed update has left is told of, and goes with a destroy that needs none itself.
func TestAccImageConnector_tellsOfALeftoverCandidate(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL, `on_destroy = "keep"`))
	dir.Must("apply", "-auto-approve")
	dir.Group = true
	reached := make(chan struct{})
	fake.Inject(fakeharness.Fault{Call: "test-connector", Connector: harness.ImageCandidate, Hang: true, Hook: func(fakeharness.Request) { close(reached) }})
	dir.Write("main.tf", connectorConfig("https://other.example.com", `on_destroy = "keep"`))
	apply := dir.Start("apply", "-auto-approve")
	<-reached
	apply.SignalGroup(syscall.SIGKILL)
	apply.Wait()
	dir.Write("main.tf", connectorConfig(mirrorURL, `on_destroy = "keep"`))
	requireSays(t, dir.Must("plan"), "The temporary connector harnessImageCandidate is still there", "No changes")
	dir.Must("destroy", "-auto-approve")
	if left := fake.ConnectorNamed(harness.ImageCandidate); left != "" {
		t.Errorf("left %s", left)
	}
	requireURL(t, fake, mirrorURL)
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
