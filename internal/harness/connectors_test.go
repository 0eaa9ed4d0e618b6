package harness

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

func connectorOf(t *testing.T, c *Client) (Connector, Registry) {
	t.Helper()
	connector, err := c.Connector(t.Context(), ImageConnector)
	if err != nil {
		t.Fatal(err)
	}
	registry, err := connector.Registry()
	if err != nil {
		t.Fatal(err)
	}
	return connector, registry
}

func TestConnectorIsReadWithItsStatus(t *testing.T) {
	t.Parallel()
	_, cfg := start(t)
	connector, registry := connectorOf(t, New(cfg))
	if connector.Name != "Harness Docker Connector" || connector.Type != DockerRegistry ||
		connector.Status.State != "SUCCESS" || !connector.StatusCurrent() {
		t.Errorf("%+v", connector)
	}
	want := Registry{Login: Login{Auth: Anonymous}, URL: "https://index.docker.io/v2/", ProviderType: "DockerHub"}
	if !registry.Equal(want) {
		t.Errorf("%+v", registry)
	}
}

// An update replaces the whole connector, so every key must be sent back.
func TestAChangedConnectorKeepsUnknownKeys(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	client := New(cfg)
	server.AddSecret("account.robot")
	server.AddSecret("account.other")
	server.SetConnector(strings.Replace(fakeharness.ConnectorBody("https://registry.example.com", "robot"), `"tags"`,
		`"big": 12345678901234567890, "future": {"a": [1, null]}, "tags"`, 1))
	connector, registry := connectorOf(t, client)
	registry.URL, registry.Username, registry.UsernameRef = "https://other.example.com", "", "account.other"
	registry.DelegateSelectors, registry.ExecuteOnDelegate = nil, false
	body, err := connector.With(registry)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.UpdateConnector(t.Context(), ImageConnector, body); err != nil {
		t.Fatal(err)
	}
	var stored, want any
	if err := json.Unmarshal([]byte(server.Connector()), &stored); err != nil {
		t.Fatal(err)
	}
	_ = json.Unmarshal([]byte(`{
		"name": "Images", "identifier": "harnessImage", "type": "DockerRegistry", "tags": {"team": "ci"},
		"big": 12345678901234567890, "future": {"a": [1, null]},
		"spec": {
			"dockerRegistryUrl": "https://other.example.com", "providerType": "Other", "proxy": true,
			"auth": {"type": "UsernamePassword", "spec": {"usernameRef": "account.other", "passwordRef": "account.robot"}},
			"executeOnDelegate": false, "delegateSelectors": []
		}}`), &want)
	if !reflect.DeepEqual(stored, want) || !strings.Contains(server.Connector(), "12345678901234567890") {
		t.Errorf("stored %s", server.Connector())
	}
	changed, again := connectorOf(t, client)
	if !again.Equal(registry) || changed.StatusCurrent() {
		t.Errorf("%+v %+v", again, changed.Status)
	}
}

func TestAnotherLoginLeavesNothingOfThePreviousOne(t *testing.T) {
	t.Parallel()
	connector := Connector{Type: DockerRegistry, Body: json.RawMessage(fakeharness.ConnectorBody("https://registry.example.com", "robot"))}
	registry, err := connector.Registry()
	if err != nil {
		t.Fatal(err)
	}
	registry.Login = Login{Auth: Anonymous}
	body, err := connector.With(registry)
	if err != nil || strings.Contains(string(body), "robot") {
		t.Errorf("%s, %v", body, err)
	}
}

func TestConnectorRefusals(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	client := New(cfg)
	mine := json.RawMessage(fakeharness.ConnectorBody("https://registry.example.com", ""))
	if _, err := client.CreateConnector(t.Context(), ImageConnector, mine); !IsRefused(err) {
		t.Errorf("taken: %v", err)
	}
	server.ReferToConnector()
	if err := client.DeleteConnector(t.Context(), ImageConnector); !IsReferenced(err) {
		t.Errorf("referenced: %v", err)
	}
	server.DenyByPolicy("only-ours", "")
	_, err := client.UpdateConnector(t.Context(), ImageConnector, mine)
	policy, ok := err.(*PolicyError) //nolint:errorlint // it is returned as it is
	if !ok || !strings.Contains(policy.Error(), "only-ours") || len(policy.Reasons) != 2 {
		t.Errorf("policy: %v", err)
	}
	server.SetConnector("")
	for name, operation := range operations {
		if strings.HasSuffix(name, "-connector") && name != "update-connector" {
			if err := operation(t.Context(), client); !IsNoConnector(err) {
				t.Errorf("%s of none: %v", name, err)
			}
		}
	}
}

func TestAWrongPathIsNotAMissingConnector(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	cfg.Endpoint = parseURL(t, server.Endpoint()+"/elsewhere")
	if _, err := New(cfg).Connector(t.Context(), ImageConnector); err == nil || IsNoConnector(err) {
		t.Errorf("%v", err)
	}
}

func TestOnlyAConnectorIsAConnector(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"status":"SUCCESS","data":null}`:                        "data is null",
		`{"status":"SUCCESS","data":true}`:                        "data is true",
		`{"status":"SUCCESS","data":{}}`:                          "nothing where a connector was expected",
		`{"status":"SUCCESS","data":{"connector":"x"}}`:           "a string where a connector was expected",
		`{"status":"SUCCESS","data":{"governanceMetadata":null}}`: "where a connector was expected",
	} {
		server, cfg := start(t)
		server.Inject(fakeharness.Fault{Body: body, Times: -1})
		for _, call := range []string{"get-connector", "update-connector"} {
			if err := operations[call](t.Context(), New(cfg)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s, %s: %v", call, body, err)
			}
		}
	}
}

func TestAFailedConnectionTestIsAStatus(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	server.TestConnections(fakeharness.ConnectionTest{Status: "FAILURE", Errors: []string{"no route\x1b[31m", "no route\x1b[31m", cfg.APIKey}})
	status, err := New(cfg).TestConnector(t.Context(), ImageConnector, time.Minute)
	if err != nil || status.State != "FAILURE" || len(status.Reasons) != 2 || status.Reasons[0] != `no route\x1b[31m` || status.Reasons[1] != "[redacted]" {
		t.Errorf("%+v, %v", status, err)
	}
}

func TestAConnectionTestMayTakeLongerThanOtherRequests(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	cfg.RequestTimeout = 20 * time.Millisecond
	server.TestConnections(fakeharness.ConnectionTest{Latency: 100 * time.Millisecond})
	if _, err := New(cfg).TestConnector(t.Context(), ImageConnector, time.Minute); err != nil {
		t.Error(err)
	}
	if _, err := New(cfg).TestConnector(t.Context(), ImageConnector, 0); !IsTimeout(err) {
		t.Errorf("without patience: %v", err)
	}
}

// What the image connector was is in its description, for whoever has lost the state.
func TestADescriptionSaysWhatTheConnectorWas(t *testing.T) {
	t.Parallel()
	const ours = `{"name":"n","description":%q,"type":"DockerRegistry","spec":{"dockerRegistryUrl":"https://registry.example.com","proxy":true}}`
	const hub = `{"type":"DockerRegistry","spec":{"dockerRegistryUrl":"https://index.docker.io/v2/","providerType":"DockerHub",` +
		`"auth":{"type":"UsernamePassword","spec":{"username":"u","passwordRef":"account.p"}},"delegateSelectors":["b","a"]}}`
	for name, test := range map[string]struct {
		description, was, url string
		lost                  bool
	}{
		"a login":            {was: hub, url: "https://index.docker.io/v2/"},
		"none":               {},
		"with a description": {description: "Ours [since 2024]", was: hub, url: "https://index.docker.io/v2/"},
		"a login in its URL": {was: strings.Replace(hub, "index.docker.io", "u:hunter2@index.docker.io", 1), url: "https://index.docker.io/v2/", lost: true},
		"another login":      {was: strings.Replace(hub, "UsernamePassword", "Other", 1), url: "https://index.docker.io/v2/", lost: true},
		"odd":                {was: strings.Replace(hub, "/v2/", "/]: {\\\"\\n", 1), url: "https://", lost: true},
	} {
		body, err := WithOrigin([]byte(fmt.Sprintf(ours, test.description)), Origin{Body: []byte(test.was)})
		if test.was == "" {
			body, err = WithOrigin([]byte(fmt.Sprintf(ours, test.description)), Origin{})
		}
		if err == nil {
			body, err = WithOrigin(body, Connector{Type: DockerRegistry, Body: body}.mustOrigin(t)) // again, as an update does
		}
		if err != nil || strings.Contains(string(body), "hunter2") || strings.Count(string(body), "Set by Terraform") != 1 {
			t.Errorf("%s: %s, %v", name, body, err)
			continue
		}
		origin := Connector{Type: DockerRegistry, Body: body}.mustOrigin(t)
		if origin.LostLogin != test.lost || (origin.Body == nil) != (test.was == "") {
			t.Errorf("%s: %s, %t", name, origin.Body, origin.LostLogin)
		}
		if origin.Body != nil {
			was, err := Connector{Type: DockerRegistry, Body: origin.Body}.Registry()
			if err != nil || was.URL != test.url || !slices.Equal(was.DelegateSelectors, []string{"a", "b"}) ||
				!test.lost && was.PasswordRef != "account.p" || strings.Contains(string(origin.Body), "Set by Terraform") ||
				test.description != "" && !strings.Contains(string(origin.Body), test.description) {
				t.Errorf("%s: %+v of %s, %v", name, was, origin.Body, err)
			}
		}
		changed := strings.Replace(string(body), `"dockerRegistryUrl":"https://registry`, `"dockerRegistryUrl":"https://theirs`, 1)
		if _, ok := (Connector{Type: DockerRegistry, Body: []byte(changed)}).Origin(); ok {
			t.Errorf("%s: it counts although somebody has changed the URL", name)
		}
	}
}

func (c Connector) mustOrigin(t *testing.T) Origin {
	t.Helper()
	origin, ok := c.Origin()
	if !ok {
		t.Errorf("no origin in %s", c.Body)
	}
	return origin
}
