package provider_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

const (
	mirrorURL = "https://registry.example.com/mirror"
	hubURL    = "https://index.docker.io/v2/"
)

// connectorConfig returns the configuration of the image connector with a user, and further attributes.
func connectorConfig(url string, further ...string) string {
	return fmt.Sprintf(`resource "harnessci_image_connector" "this" {
  url          = %q
  username     = "robot"
  password_ref = "account.robot"
  %s
}
`, url, strings.Join(further, "\n  "))
}

// connectorWorld returns a fake that knows the secret of connectorConfig, and a folder with a configuration.
func connectorWorld(t *testing.T, opts fakeharness.Options, config string) (*fakeharness.Server, *clitest.Dir) {
	t.Helper()
	fake := startFake(t, opts)
	fake.AddSecret("account.robot")
	fake.AddSecret("account.other")
	return fake, clitest.New(t, config, fake.Env())
}

// spec returns the connector's spec; nil without a connector.
func spec(t *testing.T, fake *fakeharness.Server) map[string]any {
	t.Helper()
	var body struct {
		Spec map[string]any `json:"spec"`
	}
	if stored := fake.Connector(); stored != "" {
		if err := json.Unmarshal([]byte(stored), &body); err != nil {
			t.Fatal(err)
		}
	}
	return body.Spec
}

// requireURL fails unless the connector has the URL; "" is no connector.
func requireURL(t *testing.T, fake *fakeharness.Server, want string) {
	t.Helper()
	got, _ := spec(t, fake)["dockerRegistryUrl"].(string)
	if got != want {
		t.Errorf("the URL is %q, want %q", got, want)
	}
}

// requireConnectorCalls fails unless the writes and tests of connectors were these, in this order.
func requireConnectorCalls(t *testing.T, fake *fakeharness.Server, want ...string) {
	t.Helper()
	var got []string
	for _, r := range fake.Requests() {
		call, ok := strings.CutSuffix(r.Call, "-connector")
		if !ok || call == "get" {
			continue
		}
		if r.Connector == harness.ImageCandidate {
			call += " candidate"
		}
		got = append(got, call)
	}
	if !slices.Equal(got, want) {
		t.Errorf("calls %v, want %v", got, want)
	}
}

// setURL changes the connector's URL as somebody else would; its description may name it too.
func setURL(fake *fakeharness.Server, from, to string) {
	for _, key := range []string{`"dockerRegistryUrl":"`, `"dockerRegistryUrl": "`} {
		fake.SetConnector(strings.Replace(fake.Connector(), key+from, key+to, 1))
	}
}

// failSwitched makes the test of the image connector fail, and that of a candidate succeed.
func failSwitched(fake *fakeharness.Server) {
	fake.TestConnections(fakeharness.ConnectionTest{Connector: harness.ImageConnector, Status: "FAILURE"})
}

// requireFails runs a command that must fail with the words.
func requireFails(t *testing.T, dir *clitest.Dir, command string, words ...string) string {
	t.Helper()
	result := dir.Run(strings.Fields(command)...)
	if result.Code == 0 {
		t.Errorf("%s succeeds:\n%s", command, result.Output)
	}
	requireSays(t, result.Output, words...)
	return result.Output
}

func TestAccImageConnector_takesOverTheBuiltinOneAndPutsItBack(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
	builtin := spec(t, fake)
	plan := dir.Must("plan")
	requireSays(t, plan, "Warning: The image connector replaces the existing one",
		"url found: "+hubURL+" planned: "+mirrorURL, "login found: anonymous planned: robot with the secret account.robot",
		"terraform import 'harnessci_image_connector.<name>' harnessImage",
		"+ execute_on_delegate = false", `+ provider_type = "Other"`)
	if strings.Contains(plan, "delegate_selectors\n") {
		t.Errorf("what stays is shown as replaced:\n%s", plan)
	}
	if n := fake.Count("get-connector"); n != 1 {
		t.Errorf("the plan asked %d times", n)
	}
	fake.ResetLog()
	dir.Must("apply", "-auto-approve")
	requireURL(t, fake, mirrorURL)
	requireConnectorCalls(t, fake, "create candidate", "test candidate", "delete candidate", "update", "test")
	if n := fake.Count("get-connector"); n != 5 {
		t.Errorf("%d reads in plan and apply: with the writes, a create takes more than ten requests", n)
	}
	if !strings.Contains(fake.Connector(), `"name":"Harness Docker Connector"`) || spec(t, fake)["proxy"] != false {
		t.Errorf("what the resource does not know is lost: %s", fake.Connector())
	}
	requireSays(t, dir.State(), `"status": "SUCCESS"`)
	requireEmptyPlan(t, dir)
	output := dir.Must("destroy", "-auto-approve")
	requireSays(t, output, "Warning: Destroying the image connector restores the previous one", "url: "+hubURL)
	if got := spec(t, fake); fmt.Sprint(got) != fmt.Sprint(builtin) {
		t.Errorf("left %v, want %v", got, builtin)
	}
}

func TestAccImageConnector_createsAndDeletesWhereThereWasNone(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{NoConnector: true}, connectorConfig(mirrorURL))
	requireNoWarning(t, dir.Must("apply", "-auto-approve"))
	requireURL(t, fake, mirrorURL)
	requireEmptyPlan(t, dir)
	requireSays(t, dir.Must("destroy", "-auto-approve"), "the connector is deleted")
	requireURL(t, fake, "")
}

func TestAccImageConnector_updatesInPlace(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
	dir.Must("apply", "-auto-approve")
	dir.Write("main.tf", connectorConfig("https://other.example.com", `delegate_selectors = ["b", "a"]`, "execute_on_delegate = true"))
	fake.ResetLog()
	requireNoWarning(t, dir.Must("apply", "-auto-approve"))
	requireConnectorCalls(t, fake, "create candidate", "test candidate", "delete candidate", "update", "test")
	if n := fake.Count("get-connector"); n != 5 { // and three for the candidate: four more than without one
		t.Errorf("a change takes %d reads", n)
	}
	requireURL(t, fake, "https://other.example.com")
	requireEmptyPlan(t, dir)
	// Omitted settings stay, and the login is removed.
	dir.Write("main.tf", fmt.Sprintf("resource \"harnessci_image_connector\" \"this\" {\n  url = %q\n}\n", hubURL))
	dir.Must("apply", "-auto-approve")
	got := spec(t, fake)
	if got["executeOnDelegate"] != true || fmt.Sprint(got["delegateSelectors"]) != "[a b]" || got["providerType"] != "DockerHub" ||
		fmt.Sprint(got["auth"]) != "map[type:Anonymous]" {
		t.Errorf("%v", got)
	}
	requireEmptyPlan(t, dir)
	dir.Must("destroy", "-auto-approve")
	requireURL(t, fake, hubURL)
}

func TestAccImageConnector_showsAndRepairsDriftOfEachAttribute(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][2]string{
		"url":                 {`"dockerRegistryUrl":"` + mirrorURL, `"dockerRegistryUrl":"https://theirs.example.com`},
		"user":                {`"username":"robot"`, `"username":"intruder"`},
		"user by reference":   {`"username":"robot"`, `"usernameRef":"account.other"`},
		"password":            {`"passwordRef":"account.robot"`, `"passwordRef":"account.other"`},
		"no login":            {`"type":"UsernamePassword"`, `"type":"Anonymous"`},
		"delegate selectors":  {`"delegateSelectors":["a"]`, `"delegateSelectors":[]`},
		"execute on delegate": {`"executeOnDelegate":true`, `"executeOnDelegate":false`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL, `delegate_selectors = ["a"]`, "execute_on_delegate = true"))
			dir.Must("apply", "-auto-approve")
			drifted := strings.Replace(fake.Connector(), change[0], change[1], 1)
			if name == "no login" {
				drifted = strings.Replace(drifted, `"spec":{"passwordRef":"account.robot","username":"robot"},`, "", 1)
			}
			if drifted == fake.Connector() {
				t.Fatalf("nothing was changed in %s", drifted)
			}
			fake.SetConnector(drifted)
			if result := dir.Run("plan", "-detailed-exitcode"); result.Code != 2 {
				t.Errorf("the plan shows no drift:\n%s", result.Output)
			}
			dir.Must("apply", "-auto-approve")
			requireURL(t, fake, mirrorURL)
			requireEmptyPlan(t, dir)
		})
	}
}

func TestAccImageConnector_removedOutsideIsCreatedAgain(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
	dir.Must("apply", "-auto-approve")
	fake.SetConnector("")
	if result := dir.Run("plan", "-detailed-exitcode"); result.Code != 2 || !strings.Contains(result.Output, "0 to add, 1 to change") ||
		!strings.Contains(result.Output, "was deleted outside Terraform") {
		t.Errorf("%s", result.Output)
	}
	dir.Must("apply", "-auto-approve")
	requireURL(t, fake, mirrorURL)
	requireEmptyPlan(t, dir)
	fake.SetConnector("")
	dir.Must("apply", "-auto-approve")
	fake.SetConnector("")
	dir.Must("destroy", "-auto-approve")
	requireURL(t, fake, hubURL)
}

func TestAccImageConnector_aPasswordInTheExistingURLIsDriftAndNotShown(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
	dir.Must("apply", "-auto-approve")
	setURL(fake, "https://", "https://robot:hunter2@")
	result := dir.Run("plan", "-detailed-exitcode")
	if result.Code != 2 || strings.Contains(result.Output, "hunter2") {
		t.Errorf("%s", result.Output)
	}
	dir.Must("apply", "-auto-approve")
	requireURL(t, fake, mirrorURL)
	if strings.Contains(dir.Read("terraform.tfstate"), "hunter2") {
		t.Error("the password is in the state")
	}
	requireEmptyPlan(t, dir)
}

func TestAccImageConnector_anotherTypeSaysWhatToDo(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
	const gcp = `{"name": "GCP", "identifier": "harnessImage", "type": "Gcp", "spec": {}}`
	dir.Must("apply", "-auto-approve")
	fake.SetConnector(gcp)
	requireFails(t, dir, "plan", "is of the type Gcp", "Delete it in Harness (Account Settings, Connectors, harnessImage)")
	fresh := clitest.New(t, connectorConfig(mirrorURL), fake.Env())
	requireFails(t, fresh, "import harnessci_image_connector.this harnessImage", "is of the type Gcp")
	if fake.Connector() != gcp {
		t.Errorf("left %s", fake.Connector())
	}
}

func TestAccImageConnector_interruptPutsBackThePreviousConnector(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
	underTest := make(chan struct{})
	fake.Inject(fakeharness.Fault{Call: "test-connector", Hang: true, Hook: func(fakeharness.Request) { close(underTest) }})
	apply := dir.Start("apply", "-auto-approve")
	<-underTest
	apply.Signal(syscall.SIGINT)
	result := apply.Wait()
	if result.Code == 0 {
		t.Errorf("the apply succeeds:\n%s", result.Output)
	}
	requireSays(t, result.Output, "the run was interrupted", "has not been changed")
	requireURL(t, fake, hubURL)
	if left := fake.ConnectorNamed(harness.ImageCandidate); left != "" {
		t.Errorf("left %s", left)
	}
	dir.Must("apply", "-auto-approve")
	requireURL(t, fake, mirrorURL)
	requireEmptyPlan(t, dir)
}

func TestAccImageConnector_importWritesNothingAndDestroyLeavesWhatWasImported(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
	fake.SetConnector(fakeharness.ConnectorBody(mirrorURL, "robot"))
	fake.EndTest()
	dir.Must("import", "harnessci_image_connector.this", "harnessImage")
	requireEmptyPlan(t, dir)
	dir.Must("apply", "-auto-approve")
	if n := fake.Count("connector-writes") + fake.Count("test-connector"); n != 0 {
		t.Errorf("%d writes and tests", n)
	}
	dir.Write("main.tf", connectorConfig("https://other.example.com"))
	dir.Must("apply", "-auto-approve")
	requireURL(t, fake, "https://other.example.com")
	dir.Must("destroy", "-auto-approve")
	requireURL(t, fake, mirrorURL)
}

func TestAccImageConnector_importByIdentity(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL)+`
import {
  to       = harnessci_image_connector.this
  identity = { identifier = "harnessImage" }
}
`)
	importByIdentity.require(t, dir)
	fake.SetConnector(fakeharness.ConnectorBody(mirrorURL, "robot"))
	fake.EndTest()
	requireNoWarning(t, dir.Must("apply", "-auto-approve"))
	requireEmptyPlan(t, dir)
	if n := fake.Count("connector-writes"); n != 0 {
		t.Errorf("%d writes", n)
	}
}

func TestAccImageConnector_importErrors(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
	requireFails(t, dir, "import harnessci_image_connector.this otherConnector", `"otherConnector" is not the image connector`)
	requireFails(t, dir, "import harnessci_image_connector.this second-account/harnessImage", "is not the image connector")
	fake.SetConnector("")
	requireFails(t, dir, "import harnessci_image_connector.this harnessImage", "There is no image connector to import", "the apply creates it")
}

func TestAccImageConnector_movedFromTheOfficialResource(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL)+`
moved {
  from = harness_platform_connector_docker.old
  to   = harnessci_image_connector.this
}
`)
	fake.SetConnector(fakeharness.ConnectorBody(mirrorURL, "robot"))
	fake.EndTest()
	installOfficial(t, dir)
	dir.Write("terraform.tfstate", officialConnectorState("harnessImage"))
	requireNoWarning(t, dir.Must("apply", "-auto-approve"))
	requireEmptyPlan(t, dir)
	if n := fake.Count("connector-writes") + fake.Count("test-connector"); n != 0 {
		t.Errorf("%d writes and tests", n)
	}
	if state := dir.Read("terraform.tfstate"); strings.Contains(state, "harness_platform_connector_docker") || !strings.Contains(state, mirrorURL) {
		t.Errorf("the state is not the moved one:\n%s", state)
	}
	dir.Must("destroy", "-auto-approve")
	requireURL(t, fake, mirrorURL)
}

func TestAccImageConnector_onlyTheImageConnectorMoves(t *testing.T) {
	t.Parallel()
	_, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL)+`
moved {
  from = harness_platform_connector_docker.old
  to   = harnessci_image_connector.this
}
`)
	installOfficial(t, dir)
	dir.Write("terraform.tfstate", officialConnectorState("another"))
	requireFails(t, dir, "plan", "It is not the image connector", `"another"`)
}

// officialConnectorState is a state file with a connector of the official provider.
func officialConnectorState(identifier string) string {
	return fmt.Sprintf(`{"version": 4, "terraform_version": "1.8.0", "serial": 1, "lineage": "l", "outputs": {}, "resources": [
		{"mode": "managed", "type": "harness_platform_connector_docker", "name": "old",
		 "provider": "provider[\"%s/harness/harness\"]", "instances": [{"schema_version": 0, "attributes": {
			"id": %[2]q, "identifier": %[2]q, "name": "Images", "org_id": null, "project_id": null, "url": %[3]q,
			"credentials": [{"username": "robot", "password_ref": "account.robot"}], "execute_on_delegate": true}}]}]}`,
		registryHost(), identifier, mirrorURL)
}

func TestAccImageConnector_aReplacementIsNotUndone(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL, "lifecycle { create_before_destroy = true }"))
	dir.Must("apply", "-auto-approve")
	requireSays(t, dir.Must("apply", "-auto-approve", "-replace=harnessci_image_connector.this"),
		"Did not restore the previous image connector, because this run has set a new one")
	requireURL(t, fake, mirrorURL)
	requireEmptyPlan(t, dir)
}

func TestAccImageConnector_twoResourcesOfOneAccountAreRefused(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL)+strings.Replace(connectorConfig(mirrorURL), `"this"`, `"that"`, 1))
	requireFails(t, dir, "plan", "Two resources set the image connector of one account")
	dir.Write("main.tf", connectorConfig(mirrorURL))
	dir.Must("apply", "-auto-approve")
	dir.Must("apply", "-auto-approve", "-replace=harnessci_image_connector.this")
	// Renamed without a moved block.
	dir.Write("main.tf", strings.Replace(connectorConfig(mirrorURL), `"this"`, `"that"`, 1))
	requireSays(t, dir.Must("apply", "-auto-approve"), "add a moved block")
	requireURL(t, fake, mirrorURL)
	requireEmptyPlan(t, dir)
}
