package provider_test

import (
	"encoding/json"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

const connectorData = `data "harnessci_image_connector" "this" {}
output "connector" { value = data.harnessci_image_connector.this }
`

// connectorOutput returns the output of connectorData, without what is null.
func connectorOutput(t *testing.T, fake *fakeharness.Server) map[string]any {
	t.Helper()
	dir := clitest.New(t, connectorData, fake.Env())
	dir.Must("apply", "-auto-approve")
	var out map[string]any
	if err := json.Unmarshal([]byte(dir.Must("output", "-json", "connector")), &out); err != nil {
		t.Fatal(err)
	}
	for name, value := range out {
		if value == nil {
			delete(out, name)
		}
	}
	return out
}

func requireJSON(t *testing.T, got any, want string) {
	t.Helper()
	text, err := json.Marshal(got)
	if err != nil || string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestAccImageConnectorDataSource(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare func(*fakeharness.Server)
		want    string
	}{
		"built in": {
			func(*fakeharness.Server) {},
			`{"anonymous":true,"delegate_selectors":[],"docker_hub":true,"execute_on_delegate":false,"exists":true,` +
				`"host":"index.docker.io","name":"Harness Docker Connector","status":"SUCCESS","status_current":true,` +
				`"type":"DockerRegistry","url":"https://index.docker.io/v2/"}`,
		},
		"private, changed since its test": {
			func(f *fakeharness.Server) {
				f.SetConnector(fakeharness.ConnectorBody("https://registry.example.com:5000/mirror", "robot"))
			},
			`{"anonymous":false,"delegate_selectors":["builds"],"docker_hub":false,"execute_on_delegate":true,"exists":true,` +
				`"host":"registry.example.com:5000","name":"Images","password_ref":"account.robot","status":"SUCCESS",` +
				`"status_current":false,"type":"DockerRegistry","url":"https://registry.example.com:5000/mirror","username":"robot"}`,
		},
		"failed": {
			func(f *fakeharness.Server) {
				f.SetConnector(`{"identifier": "harnessImage", "type": "DockerRegistry", "name": "n", "spec": {"dockerRegistryUrl": "nonsense"}}`)
				f.TestConnections(fakeharness.ConnectionTest{Status: "FAILURE", Errors: []string{"no such host"}})
				f.EndTest()
			},
			`{"anonymous":true,"delegate_selectors":[],"error_summary":"no such host","execute_on_delegate":false,"exists":true,` +
				`"name":"n","status":"FAILURE","status_current":true,"type":"DockerRegistry","url":"nonsense"}`,
		},
		"a password in the URL": {
			func(f *fakeharness.Server) {
				f.SetConnector(`{"identifier": "harnessImage", "type": "DockerRegistry", "name": "n", "spec": {"dockerRegistryUrl": "https://u:hunter2@r.example.com"}}`)
			},
			`{"anonymous":true,"delegate_selectors":[],"docker_hub":false,"execute_on_delegate":false,"exists":true,` +
				`"host":"r.example.com","name":"n","status":"SUCCESS","status_current":false,"type":"DockerRegistry","url":"https://xxxxx@r.example.com"}`,
		},
		"a password in a URL that does not parse": {
			func(f *fakeharness.Server) {
				f.SetConnector(`{"identifier": "harnessImage", "type": "DockerRegistry", "name": "n", "spec": {"dockerRegistryUrl": "https://u:hunt%er2@r.example.com"}}`)
				f.TestConnections(fakeharness.ConnectionTest{Status: "FAILURE", Errors: []string{"cannot parse https://u:hunt%er2@r.example.com"}})
				f.EndTest()
			},
			`{"anonymous":true,"delegate_selectors":[],"error_summary":"cannot parse https://xxxxx@r.example.com","execute_on_delegate":false,"exists":true,` +
				`"name":"n","status":"FAILURE","status_current":true,"type":"DockerRegistry","url":"https://xxxxx@r.example.com"}`,
		},
		"another type": {
			func(f *fakeharness.Server) {
				f.SetConnector(`{"identifier": "harnessImage", "type": "Gcp", "name": "GCP", "spec": {"executeOnDelegate": true}}`)
			},
			`{"exists":true,"name":"GCP","status":"SUCCESS","status_current":false,"type":"Gcp"}`,
		},
		"none": {func(f *fakeharness.Server) { f.SetConnector("") }, `{"exists":false}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			test.prepare(fake)
			requireJSON(t, connectorOutput(t, fake), test.want)
			if n := fake.Count("") - fake.Count("get-connector"); n != 0 {
				t.Errorf("%d other requests", n)
			}
		})
	}
}

func TestAccImageConnectorDataSource_errors(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	dir := clitest.New(t, connectorData, fake.Env())
	fake.DenyConnectors(true, true)
	requireFails(t, dir, "plan", "Could not read the image connector", "HTTP 403", "core_connector_view to read the image connector")
	fake.DenyConnectors(false, false)
	fake.Inject(fakeharness.Fault{Body: "<html>login</html>", Times: -1})
	requireFails(t, dir, "plan", "Could not read the image connector", "web page")
}
