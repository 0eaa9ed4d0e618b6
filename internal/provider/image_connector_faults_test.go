package provider

import (
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

const imageConnectorConfig = `resource "harnessci_image_connector" "this" {
  url          = "https://registry.example.com/mirror"
  username     = "robot"
  password_ref = "account.robot"
}
`

// everyWrite makes every write of the connector go wrong.
func everyWrite(f fakeharness.Fault) func(*fakeharness.Server) {
	return func(fake *fakeharness.Server) {
		f.Call, f.Connector, f.Times = "connector-writes", harness.ImageConnector, -1
		fake.Inject(f)
	}
}

// candidate makes a call about the candidate go wrong.
func candidate(f fakeharness.Fault) func(*fakeharness.Server) {
	return func(fake *fakeharness.Server) {
		f.Connector, f.Times = harness.ImageCandidate, -1
		fake.Inject(f)
	}
}

func TestAccImageConnector_refusalsAndFaultsAreReportedAsSuch(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare func(*fakeharness.Server)
		says    string
	}{
		"a policy":              {func(f *fakeharness.Server) { f.DenyByPolicy("only-ours", "") }, "A policy of the account refused the change: the registry is not on the list of only-ours"},
		"a missing secret":      {func(f *fakeharness.Server) { f.RemoveSecret("account.robot") }, "No secret exists with the identifier robot in this scope."},
		"no permission to edit": {func(f *fakeharness.Server) { f.DenyConnectors(false, true) }, "core_connector_edit to change it"},
		"no permission to view": {func(f *fakeharness.Server) { f.DenyConnectors(true, false) }, "core_connector_view to read the image connector"},
		"swallowed":             {everyWrite(fakeharness.Fault{Lie: true}), "The server acknowledged the change, but the previous connector is still in place."},
		"overlapping": {
			everyWrite(fakeharness.Fault{Status: 400, Body: fakeharness.ErrorBody("OPTIMISTIC_LOCKING_EXCEPTION", "changed", "c-1")}),
			"Somebody else changed the connector at the same time. Apply again.",
		},
		"429":                   {everyWrite(fakeharness.Fault{Status: 429}), "update-connector with HTTP 429"},
		"503":                   {everyWrite(fakeharness.Fault{Status: 503}), "update-connector with HTTP 503"},
		"dropped":               {everyWrite(fakeharness.Fault{Drop: true}), "gave no answer to update-connector"},
		"a page":                {everyWrite(fakeharness.Fault{Body: "<html>login</html>"}), "web page"},
		"huge":                  {everyWrite(fakeharness.Fault{Body: "{}", PadTo: 9 << 20}), "larger than 2 MiB"},
		"a redirect":            {everyWrite(fakeharness.Fault{Redirect: "https://login.example.com"}), "https://login.example.com"},
		"a candidate with 503":  {candidate(fakeharness.Fault{Call: "create-connector", Status: 503}), "The image connector has not been changed"},
		"a candidate dropped":   {candidate(fakeharness.Fault{Call: "create-connector", Drop: true}), "The image connector has not been changed"},
		"a candidate swallowed": {candidate(fakeharness.Fault{Call: "create-connector", Lie: true}), "Whether the connection works is not known"},
		"a failed test":         {func(f *fakeharness.Server) { f.TestConnections(fakeharness.ConnectionTest{Status: "FAILURE"}) }, "ended with FAILURE"},
		"a lost test": {func(f *fakeharness.Server) {
			f.TestConnections(fakeharness.ConnectionTest{Silent: true})
			f.Inject(fakeharness.Fault{Call: "test-connector", Status: 500, Times: -1})
		}, "Whether the connection works is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{})
			fake := w.requireFake("an account's connector is not played with")
			fake.AddSecret("account.robot")
			before := fake.Connector()
			test.prepare(fake)
			w.run(resource.TestCase{
				Steps: []resource.TestStep{{Config: imageConnectorConfig, ExpectError: says(test.says)}},
				CheckDestroy: func(state *terraform.State) error {
					if len(state.RootModule().Resources) > 0 {
						return errors.New("the state contains a resource that was not stored")
					}
					return nil
				},
			})
			if after := fake.Connector(); !strings.Contains(after, "index.docker.io") || !strings.Contains(before, "index.docker.io") {
				t.Errorf("left %s", after)
			}
		})
	}
}

func TestAccImageConnector_aLostAnswerIsNoFailure(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakeharness.Fault{
		"503": {ApplyFirst: true, Status: 503}, "dropped": {ApplyFirst: true, Drop: true}, "cut": {Cut: 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{})
			fake := w.requireFake("an account's connector is not played with")
			fake.AddSecret("account.robot")
			everyWrite(fault)(fake)
			w.run(resource.TestCase{
				Steps: []resource.TestStep{{Config: imageConnectorConfig}, {Config: imageConnectorConfig, PlanOnly: true}},
				CheckDestroy: func(*terraform.State) error {
					if !strings.Contains(fake.Connector(), "index.docker.io") {
						return errors.New("the previous connector is not put back")
					}
					return nil
				},
			})
		})
	}
}
