package fakeharness

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// connectorCall makes a call of the connectors' API, such as "GET /harnessImage".
func connectorCall(t *testing.T, s *Server, call, body string) reply {
	t.Helper()
	method, path, _ := strings.Cut(call, " ")
	query := url.Values{"accountIdentifier": {s.Options().AccountID}}
	req := newRequestTo(t, s, "/ng/api/connectors"+path+"?"+query.Encode(), body)
	req.Method = method
	return send(t, req)
}

// seenConnector is what an answer says of a connector.
type seenConnector struct {
	Connector      *connectorBody
	LastModifiedAt int64
	Status         *connectorStatus
	Governance     map[string]any `json:"governanceMetadata"`
}

func (r reply) connector(t *testing.T) seenConnector {
	t.Helper()
	var out seenConnector
	if r.status != http.StatusOK || json.Unmarshal(r.env.Data, &out) != nil {
		t.Fatalf("no connector: %d %s", r.status, r.body)
	}
	return out
}

func wrapped(body string) string { return `{"connector":` + body + `}` }

func requireRefused(t *testing.T, got reply, status int, code string) {
	t.Helper()
	if got.status != status || got.env.Code != code {
		t.Errorf("got %d %s, want %d %s: %s", got.status, got.env.Code, status, code, got.body)
	}
}

func TestAccountsStartWithTheBuiltinConnector(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	got := connectorCall(t, s, "GET /harnessImage", "").connector(t)
	if got.Connector.Name != "Harness Docker Connector" || got.Connector.Spec.URL != "https://index.docker.io/v2/" ||
		got.Connector.Spec.Auth.Type != "Anonymous" || got.Status.Status != "SUCCESS" || got.Status.TestedAt < got.LastModifiedAt {
		t.Errorf("%+v", got)
	}
	none := Start(t, Options{NoConnector: true})
	requireRefused(t, connectorCall(t, none, "GET /harnessImage", ""), 400, "RESOURCE_NOT_FOUND_EXCEPTION")
}

func TestAnUpdateReplacesTheBodyAndTestsNothing(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.SetConnector(ConnectorBody("https://registry.example.com/a", ""))
	s.TestConnections(ConnectionTest{Status: "FAILURE", Errors: []string{"no route"}})
	sent := strings.Replace(ConnectorBody("https://registry.example.com/b", ""), `, "proxy": true`, "", 1)
	got := connectorCall(t, s, "PUT ", wrapped(sent)).connector(t)
	if got.Status.Status != "SUCCESS" || got.Status.TestedAt >= got.LastModifiedAt {
		t.Errorf("the old status is not kept: %+v", got)
	}
	if strings.Contains(s.Connector(), "proxy") {
		t.Errorf("a key that was not sent survived: %s", s.Connector())
	}
	if s.Count("test-connector") != 0 {
		t.Error("the update ran a test")
	}
	tested := connectorCall(t, s, "POST /testConnection/harnessImage", "")
	if !strings.Contains(tested.body, `"status":"FAILURE"`) || !strings.Contains(tested.body, "no route") {
		t.Errorf("%s", tested.body)
	}
	if got := connectorCall(t, s, "GET /harnessImage", "").connector(t); got.Status.Status != "FAILURE" || got.Status.TestedAt <= got.LastModifiedAt {
		t.Errorf("the test's outcome is not kept: %+v", got.Status)
	}
}

func TestConnectorsAreRefusedAsTheServerDoes(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	mine := ConnectorBody("https://registry.example.com", "")
	requireRefused(t, connectorCall(t, s, "POST ", wrapped(mine)), 400, "DUPLICATE_FIELD")
	requireRefused(t, connectorCall(t, s, "PUT ", wrapped(strings.Replace(mine, "DockerRegistry", "Gcp", 1))), 400, "INVALID_REQUEST")
	requireRefused(t, connectorCall(t, s, "PUT ", wrapped(strings.Replace(mine, "harnessImage", "other", 1))), 400, "CONNECTOR_NOT_FOUND_EXCEPTION")
	requireRefused(t, connectorCall(t, s, "PUT ", wrapped(ConnectorBody("https://registry.example.com", "robot"))), 400, "INVALID_REQUEST")
	requireRefused(t, connectorCall(t, s, "GET /other", ""), 400, "RESOURCE_NOT_FOUND_EXCEPTION")
	requireRefused(t, connectorCall(t, s, "POST /testConnection/other", ""), 400, "RESOURCE_NOT_FOUND_EXCEPTION")
	requireRefused(t, connectorCall(t, s, "DELETE /other", ""), 400, "ENTITY_NOT_FOUND")
	s.ReferToConnector()
	requireRefused(t, connectorCall(t, s, "DELETE /harnessImage", ""), 400, "ENTITY_REFERENCE_EXCEPTION")
	s.DenyConnectors(true, true)
	requireRefused(t, connectorCall(t, s, "GET /harnessImage", ""), 403, "NG_ACCESS_DENIED")
	requireRefused(t, connectorCall(t, s, "PUT ", wrapped(mine)), 403, "NG_ACCESS_DENIED")
	s.DenyConnectors(false, false)
	if !strings.Contains(s.Connector(), "index.docker.io") {
		t.Errorf("a refused write was stored: %s", s.Connector())
	}
	s.AddSecret("account.robot")
	connectorCall(t, s, "PUT ", wrapped(ConnectorBody("https://registry.example.com", "robot"))).connector(t)
}

func TestAPolicyRefusesBehindSuccess(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.DenyByPolicy("only-our-registry", "")
	got := connectorCall(t, s, "PUT ", wrapped(ConnectorBody("https://registry.example.com", "")))
	if seen := got.connector(t); seen.Connector != nil || seen.Governance["deny"] != true || !strings.Contains(got.body, "only-our-registry") {
		t.Errorf("%s", got.body)
	}
	if !strings.Contains(s.Connector(), "index.docker.io") {
		t.Errorf("a refused write was stored: %s", s.Connector())
	}
}

func TestACreatedConnectorIsTestedSeparately(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{NoConnector: true})
	created := connectorCall(t, s, "POST ", wrapped(ConnectorBody("https://registry.example.com", ""))).connector(t)
	if created.Status.Status != "UNKNOWN" {
		t.Errorf("%+v", created.Status)
	}
	if got := connectorCall(t, s, "GET /harnessImage", "").connector(t); got.Status.Status != "SUCCESS" {
		t.Errorf("%+v", got.Status)
	}
	connectorCall(t, s, "DELETE /harnessImage", "").mustBe(t, "true")
	if s.Connector() != "" {
		t.Error("it stays")
	}
}

func TestALieStoresNoConnector(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.Inject(Fault{Call: "connector-writes", Lie: true})
	got := connectorCall(t, s, "PUT ", wrapped(ConnectorBody("https://registry.example.com", ""))).connector(t)
	if got.Connector.Spec.URL != "https://registry.example.com" || strings.Contains(s.Connector(), "registry.example.com") {
		t.Errorf("answered %+v, stored %s", got, s.Connector())
	}
	if n := s.Count("connector-writes"); n != 1 {
		t.Errorf("%d writes are counted", n)
	}
	if n := s.Count("writes"); n != 0 {
		t.Errorf("%d writes of overrides are counted", n)
	}
}
