package fakeharness

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// ImageConnector is the identifier of the connector through which an account pulls Harness images.
const ImageConnector = "harnessImage"

const (
	connectorsPath = basePath + "/ng/api/connectors"
	testPath       = connectorsPath + "/testConnection/"
	dockerRegistry = "DockerRegistry"
)

// builtinConnector is what every account has from the start.
const builtinConnector = `{
  "name": "Harness Docker Connector", "identifier": "harnessImage", "description": "Harness Internal Connector",
  "accountIdentifier": null, "orgIdentifier": null, "projectIdentifier": null, "tags": {}, "type": "DockerRegistry",
  "spec": {
    "dockerRegistryUrl": "https://index.docker.io/v2/", "providerType": "DockerHub",
    "auth": {"type": "Anonymous", "spec": null}, "delegateSelectors": [], "executeOnDelegate": false,
    "proxy": false, "ignoreTestConnection": false
  }
}`

// ConnectionTest is how the API tests a connector. The zero value succeeds at once.
type ConnectionTest struct {
	Status string // default SUCCESS
	// Errors are the reasons of a failure; the summary is all of them.
	Errors []string
	// Latency is how long a test takes, in addition to the server's own latency.
	Latency time.Duration
	// Connector is the identifier of the one connector that this is about, all others succeed; "" = all.
	Connector string
	// Silent tests leave the connector's stored status unchanged.
	Silent bool
}

// connector is one stored connector: the body as it was sent, and what the server adds.
type connector struct {
	body             json.RawMessage
	created, changed int64 // milliseconds
	status           connectorStatus
}

type connectorStatus struct {
	Status       string           `json:"status"`
	ErrorSummary *string          `json:"errorSummary"`
	Errors       []connectorError `json:"errors"`
	TestedAt     int64            `json:"testedAt"`
	DelegateID   *string          `json:"delegateId,omitempty"`
}

type connectorError struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
	Code    int    `json:"code"`
}

// connectorStore has the connectors of every account, and how the API treats them.
type connectorStore struct {
	mu         sync.Mutex
	accounts   map[string]map[string]connector // account -> identifier
	secrets    map[string]bool                 // such as account.registryPassword
	references map[string]bool                 // identifiers that pipelines refer to
	policy     string                          // name of the policy that refuses writes; "": none
	policyOn   string                          // identifier of the connector that it refuses; "": any
	noView     bool
	noEdit     bool
	test       ConnectionTest
	clock      int64 // the last time given; no two changes share one
}

func (c *connectorStore) locked(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do()
}

// now returns the time in milliseconds, later than any it has returned. The caller holds the lock.
func (c *connectorStore) now() int64 {
	c.clock = max(c.clock+1, time.Now().UnixMilli())
	return c.clock
}

// of returns an account's connectors; a new account has the built-in one. The caller holds the lock.
func (c *connectorStore) of(account string, builtin bool) map[string]connector {
	if c.accounts == nil {
		c.accounts = map[string]map[string]connector{}
	}
	if c.accounts[account] == nil {
		c.accounts[account] = map[string]connector{}
		if builtin {
			at := c.now()
			c.accounts[account][ImageConnector] = connector{
				body: json.RawMessage(builtinConnector), created: at, changed: at,
				status: connectorStatus{Status: "SUCCESS", Errors: []connectorError{}, TestedAt: c.now()},
			}
		}
	}
	return c.accounts[account]
}

// connectorRoute returns the meaning of a path below the connectors, and which connector it names.
func connectorRoute(method, path string) (rt route, id string, ok bool) {
	if id, ok = strings.CutPrefix(path, testPath); ok {
		return route{call: "test-connector", method: http.MethodPost}, id, true
	}
	if path == connectorsPath {
		if method == http.MethodPut {
			return route{call: "update-connector", method: method}, "", true
		}
		return route{call: "create-connector", method: http.MethodPost}, "", true
	}
	if id, ok = strings.CutPrefix(path, connectorsPath+"/"); !ok || id == "" || strings.Contains(id, "/") {
		return route{}, "", false
	}
	if method == http.MethodDelete {
		return route{call: "delete-connector", method: method}, id, true
	}
	return route{call: "get-connector", method: http.MethodGet}, id, true
}

// isConnectorCall reports whether a call is one of the connectors' API.
func isConnectorCall(call string) bool { return strings.HasSuffix(call, "-connector") }

// isConnectorWrite reports whether a call changes a connector.
func isConnectorWrite(call string) bool {
	return isConnectorCall(call) && call != "get-connector" && call != "test-connector"
}

// refuseConnector checks the permission for a call of the connectors' API.
func (s *Server) refuseConnector(call string, mayWrite bool) *answer {
	var noView, noEdit bool
	s.connectors.locked(func() { noView, noEdit = s.connectors.noView, s.connectors.noEdit })
	var missing string
	switch {
	case call == "get-connector" && noView:
		missing = "core_connector_view"
	case call == "delete-connector" && (noEdit || !mayWrite):
		missing = "core_connector_delete"
	case isConnectorWrite(call) && (noEdit || !mayWrite):
		missing = "core_connector_edit"
	default:
		return nil
	}
	out := failed(http.StatusForbidden, "NG_ACCESS_DENIED", fmt.Sprintf("Missing permission %s on connector", missing))
	return &out
}

// connector acts on a call of the connectors' API. A write completes even if its client has gone.
func (s *Server) connector(ctx context.Context, rt route, req Request, f *Fault) answer {
	s.Wait(ctx, s.Options().Latency/2)
	if rt.call == "test-connector" {
		var latency time.Duration
		s.connectors.locked(func() { latency = s.connectors.test.Latency })
		s.Wait(ctx, latency)
	}
	if f.BeforeSave != nil {
		f.BeforeSave(req)
	}
	var out answer
	s.connectors.locked(func() { out = s.connectors.act(rt.call, req, !s.Options().NoConnector, f.Lie) })
	s.Wait(ctx, s.Options().Latency/2)
	return out
}

// act does what a call says; lie: it answers as if it had. The caller holds the lock.
func (c *connectorStore) act(call string, req Request, builtin, lie bool) answer {
	stored := c.of(req.Account, builtin)
	switch call {
	case "create-connector", "update-connector":
		return c.save(stored, call, req.Body, lie)
	case "delete-connector":
		return c.remove(stored, req.Connector, lie)
	}
	found, ok := stored[req.Connector]
	if !ok {
		return noConnector("RESOURCE_NOT_FOUND_EXCEPTION", req.Connector)
	}
	if call == "test-connector" {
		result := c.testResult(req.Connector)
		if !c.test.Silent {
			found.status = result
			stored[req.Connector] = found
		}
		return success(result)
	}
	return success(found.response())
}

// testResult returns the outcome of a test that ends now. The caller holds the lock.
func (c *connectorStore) testResult(id string) connectorStatus {
	if c.test.Connector != "" && c.test.Connector != id {
		return connectorStatus{Status: "SUCCESS", Errors: []connectorError{}, TestedAt: c.now()}
	}
	result := connectorStatus{Status: cmp.Or(c.test.Status, "SUCCESS"), Errors: []connectorError{}, TestedAt: c.now()}
	for _, reason := range c.test.Errors {
		result.Errors = append(result.Errors, connectorError{Reason: "Unauthorized", Message: reason, Code: 450})
	}
	if len(c.test.Errors) > 0 {
		result.ErrorSummary = new(strings.Join(c.test.Errors, "\n"))
	}
	return result
}

func (c connector) response() any {
	return map[string]any{
		"connector": c.body, "createdAt": c.created, "lastModifiedAt": c.changed, "status": c.status,
		"activityDetails": nil, "harnessManaged": false, "gitDetails": nil, "entityValidityDetails": nil,
		"governanceMetadata": nil, "isFavorite": false,
	}
}

func noConnector(code, id string) answer {
	return failed(http.StatusBadRequest, code, fmt.Sprintf("Connector with identifier [%s] in account [account] not found", id))
}
