package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

func TestAccImageConnector_aFailedTestChangesNothing(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
	fake.TestConnections(fakeharness.ConnectionTest{Status: "FAILURE", Errors: []string{"unauthorized: robot may not pull"}})
	requireFails(t, dir, "apply -auto-approve", "Could not set the image connector", "ended with FAILURE",
		"unauthorized: robot may not pull", "The image connector has not been changed, and builds pull as they did before.", "test_connection = false")
	requireConnectorCalls(t, fake, "create candidate", "test candidate", "delete candidate")
	requireURL(t, fake, hubURL)
	if shown := dir.Must("show"); strings.Contains(shown, "harnessci_image_connector") {
		t.Errorf("the state contains a resource that was not stored: %s", shown)
	}
	failSwitched(fake)
	requireFails(t, dir, "apply -auto-approve", "ended with FAILURE", "has been put back, and builds pull as they did before.")
	requireURL(t, fake, hubURL)

	fake.TestConnections(fakeharness.ConnectionTest{})
	dir.Must("apply", "-auto-approve")
	dir.Write("main.tf", connectorConfig("https://broken.example.com"))
	fake.TestConnections(fakeharness.ConnectionTest{Status: "FAILURE", Errors: []string{"no such host"}})
	requireFails(t, dir, "apply -auto-approve", "no such host", "has not been changed")
	requireURL(t, fake, mirrorURL)
	if state := dir.Read("terraform.tfstate"); strings.Contains(state, "broken.example.com") {
		t.Errorf("the state contains settings that were not stored:\n%s", state)
	}

	dir.Write("main.tf", connectorConfig("https://broken.example.com", "test_connection = false"))
	dir.Must("apply", "-auto-approve")
	requireURL(t, fake, "https://broken.example.com")
	requireSays(t, dir.State(), `"status": "UNKNOWN"`)
	requireEmptyPlan(t, dir)
	// What is stored already is tested once tests are on, and gives way to what worked.
	dir.Write("main.tf", connectorConfig("https://broken.example.com"))
	requireSays(t, dir.Must("plan"), "has not been tested since it was last changed", "1 to change")
	requireFails(t, dir, "apply -auto-approve", "no such host", "has been put back")
	requireURL(t, fake, mirrorURL)
	fake.TestConnections(fakeharness.ConnectionTest{})
	dir.Must("destroy", "-auto-approve")
	requireURL(t, fake, hubURL)
}

// A create that can neither go on nor back must not taint: a tainted resource forgets what to restore.
func TestAccImageConnector_whatCannotBePutBackIsRepairedAndNeverForgotten(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
	failSwitched(fake)
	forbidden := fakeharness.Fault{
		Call: "update-connector", Status: http.StatusForbidden, Body: fakeharness.ErrorBody("NG_ACCESS_DENIED", "no", "c"), Times: -1,
	}
	forbidden.After = 1
	fake.Inject(forbidden)
	requireSays(t, dir.Must("apply", "-auto-approve"), "Warning: Could not set the image connector", "could not be put back",
		"Restore builds first", "the next plan tests the image connector again")
	requireURL(t, fake, mirrorURL)
	requireSays(t, dir.State(), `"status": "FAILURE"`, `"restores_url": "`+hubURL+`"`)
	for range 2 {
		if result := dir.Run("plan", "-detailed-exitcode"); result.Code != 2 ||
			!strings.Contains(result.Output, "The last test of the image connector ended with FAILURE") || !strings.Contains(result.Output, "1 to change") {
			t.Errorf("the plan does not show what is wrong:\n%s", result.Output)
		}
		requireFails(t, dir, "apply -auto-approve", "could not be put back")
	}
	fake.ClearFaults()
	fake.SetConnector("") // removed by hand, broken as it was
	fake.TestConnections(fakeharness.ConnectionTest{})
	dir.Must("apply", "-auto-approve")
	requireURL(t, fake, mirrorURL)
	requireEmptyPlan(t, dir)
	dir.Must("destroy", "-auto-approve")
	requireURL(t, fake, hubURL)
}

func TestAccImageConnector_anUpdateThatCannotBePutBackIsRepaired(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
	dir.Must("apply", "-auto-approve")
	dir.Write("main.tf", connectorConfig("https://other.example.com"))
	failSwitched(fake)
	fake.Inject(fakeharness.Fault{Call: "update-connector", After: 1, Status: http.StatusForbidden, Body: fakeharness.ErrorBody("NG_ACCESS_DENIED", "no", "c")})
	requireFails(t, dir, "apply -auto-approve", "could not be put back")
	requireURL(t, fake, "https://other.example.com")
	requireSays(t, dir.State(), `"status": "FAILURE"`, "https://other.example.com")
	requireFails(t, dir, "apply -auto-approve", "has been put back, and builds pull as they did before.")
	requireURL(t, fake, mirrorURL)
	fake.TestConnections(fakeharness.ConnectionTest{})
	dir.Must("apply", "-auto-approve")
	requireURL(t, fake, "https://other.example.com")
	dir.Must("destroy", "-auto-approve")
	requireURL(t, fake, hubURL)
}
