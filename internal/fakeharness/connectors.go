package fakeharness

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ImageConnector is the identifier of the connector through which an account pulls Harness images.
const ImageConnector = "harnessImage"

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
}

type connectorError struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
	Code    int    `json:"code"`
}

// connectorBody is what the API reads of a connector; it keeps everything else as it came.
type connectorBody struct {
	Name       string `json:"name"`
	Identifier string `json:"identifier"`
	Type       string `json:"type"`
	Spec       struct {
		URL  string `json:"dockerRegistryUrl"`
		Auth struct {
			Type string `json:"type"`
			Spec struct {
				Username    string `json:"username"`
				UsernameRef string `json:"usernameRef"`
				PasswordRef string `json:"passwordRef"`
			} `json:"spec"`
		} `json:"auth"`
	} `json:"spec"`
}

// connectorState has the connectors of every account, and how the API treats them. The state's lock guards
// it: the caller of its methods holds that.
type connectorState struct {
	accounts map[string]map[string]connector // account -> identifier
	secrets  map[string]bool                 // such as account.registryPassword
	inUse    bool                            // a pipeline names the image connector
	policy   string                          // name of the policy that refuses writes; "": none
	policyOn string                          // identifier of the connector that it refuses; "": any
	noView   bool
	noEdit   bool
	test     ConnectionTest
	clock    int64 // the last time given; no two changes share one
}

// now returns the time in milliseconds, later than any it has returned.
func (c *connectorState) now() int64 {
	c.clock = max(c.clock+1, time.Now().UnixMilli())
	return c.clock
}

// of returns an account's connectors; a new account has the built-in one.
func (c *connectorState) of(account string, builtin bool) map[string]connector {
	stored, known := c.accounts[account]
	if !known {
		stored = map[string]connector{}
		c.accounts[account] = stored
	}
	if !known && builtin {
		at := c.now()
		stored[ImageConnector] = connector{json.RawMessage(builtinConnector), at, at, c.tested("SUCCESS")}
	}
	return stored
}

// tested returns the status of a test that ends now.
func (c *connectorState) tested(status string) connectorStatus {
	return connectorStatus{Status: status, Errors: []connectorError{}, TestedAt: c.now()}
}

// testOf returns the outcome of a test of a connector that ends now.
func (c *connectorState) testOf(id string) connectorStatus {
	if c.test.Connector != "" && c.test.Connector != id {
		return c.tested("SUCCESS")
	}
	result := c.tested(cmp.Or(c.test.Status, "SUCCESS"))
	for _, reason := range c.test.Errors {
		result.Errors = append(result.Errors, connectorError{Reason: "Unauthorized", Message: reason, Code: 450})
	}
	if len(c.test.Errors) > 0 {
		result.ErrorSummary = new(strings.Join(c.test.Errors, "\n"))
	}
	return result
}

// connector acts on a call of the connectors' API. A write completes even if its client has gone.
func (s *Server) connector(ctx context.Context, call string, req Request, f *Fault) (out *answer) {
	if call == "test-connector" {
		var latency time.Duration
		s.locked(func() { latency = s.connectors.test.Latency })
		s.Wait(ctx, latency)
	}
	if f.BeforeSave != nil {
		f.BeforeSave(req)
	}
	s.locked(func() {
		out = s.connectors.act(s.connectors.of(req.Account, !s.opts.NoConnector), call, req, f.Lie)
	})
	return out
}

// act does what a call says; lie: it answers as if it had.
func (c *connectorState) act(stored map[string]connector, call string, req Request, lie bool) *answer {
	found, exists := stored[req.Connector]
	switch {
	case call == "create-connector" || call == "update-connector":
		return c.save(stored, call, req.Body, lie)
	case call == "delete-connector" && !exists:
		return noConnector("ENTITY_NOT_FOUND", req.Connector)
	case !exists:
		return noConnector("RESOURCE_NOT_FOUND_EXCEPTION", req.Connector)
	case call == "delete-connector" && c.inUse && req.Connector == ImageConnector:
		return failed(http.StatusBadRequest, "ENTITY_REFERENCE_EXCEPTION",
			fmt.Sprintf("Could not delete the connector %s as it is referenced by other entities", req.Connector))
	case call == "delete-connector":
		if !lie {
			delete(stored, req.Connector)
		}
		return success(true)
	case call == "test-connector":
		result := c.testOf(req.Connector)
		if !c.test.Silent {
			found.status = result
			stored[req.Connector] = found
		}
		return success(result)
	}
	return success(found.response())
}

func (c connector) response() any {
	return map[string]any{
		"connector": c.body, "createdAt": c.created, "lastModifiedAt": c.changed, "status": c.status,
		"activityDetails": nil, "harnessManaged": false, "gitDetails": nil, "entityValidityDetails": nil,
		"governanceMetadata": nil, "isFavorite": false,
	}
}

func noConnector(code, id string) *answer {
	return failed(http.StatusBadRequest, code, fmt.Sprintf("Connector with identifier [%s] in account [account] not found", id))
}

// connectorIn returns the connector in the body of a write, as sent and as read; not ok if there is none.
func connectorIn(sent []byte) (raw json.RawMessage, body connectorBody, ok bool) {
	var request struct {
		Connector json.RawMessage `json:"connector"`
	}
	ok = json.Unmarshal(sent, &request) == nil && json.Unmarshal(request.Connector, &body) == nil
	return request.Connector, body, ok
}

// save creates or replaces a connector as a whole.
func (c *connectorState) save(stored map[string]connector, call string, sent []byte, lie bool) *answer {
	raw, body, ok := connectorIn(sent)
	if !ok {
		return invalid("body", "Unable to process JSON")
	}
	if refusal := c.judge(stored, call, body); refusal != nil {
		return refusal
	}
	id := body.Identifier
	if c.policy != "" && (c.policyOn == "" || c.policyOn == id) {
		return refusedByPolicy(c.policy)
	}
	at := c.now()
	// An update runs no test and keeps the old status.
	saved := connector{raw, stored[id].created, at, stored[id].status}
	if call == "create-connector" {
		saved.created, saved.status = at, connectorStatus{Status: "UNKNOWN", Errors: []connectorError{}}
	}
	out := success(saved.response())
	if call == "create-connector" && !lie && !c.test.Silent {
		saved.status = c.testOf(id) // on its own, after the answer
	}
	if !lie {
		stored[id] = saved
	}
	return out
}

// judge returns the refusal of a body; nil if it may be stored.
func (c *connectorState) judge(stored map[string]connector, call string, body connectorBody) *answer {
	refused := func(message string, args ...any) *answer {
		return failed(http.StatusBadRequest, "INVALID_REQUEST", fmt.Sprintf(message, args...))
	}
	old, exists := stored[body.Identifier]
	var was connectorBody
	_ = json.Unmarshal(old.body, &was) // what is stored was read once already
	auth := body.Spec.Auth.Spec
	switch {
	case isBlank(body.Identifier):
		return invalid("connector.identifier", "must not be blank")
	case isBlank(body.Name):
		return invalid("connector.name", "must not be blank")
	case call == "create-connector" && exists:
		return failed(http.StatusBadRequest, "DUPLICATE_FIELD", fmt.Sprintf(
			"Try using different connector identifier, [%s] already exists", body.Identifier))
	case call == "update-connector" && !exists:
		return noConnector("CONNECTOR_NOT_FOUND_EXCEPTION", body.Identifier)
	case exists && was.Type != body.Type:
		return refused("The connector type cannot be updated")
	case body.Type != "DockerRegistry":
		return nil
	case !strings.Contains(body.Spec.URL, "://"):
		return refused("Invalid docker registry url")
	case body.Spec.Auth.Type == "Anonymous":
		return nil
	case body.Spec.Auth.Type != "UsernamePassword":
		return invalid("connector.spec.auth.type", "must be one of Anonymous, UsernamePassword")
	case (auth.Username == "") == (auth.UsernameRef == ""):
		return refused("Only one of username and usernameRef is to be given")
	case auth.PasswordRef == "":
		return invalid("connector.spec.auth.spec.passwordRef", "must not be null")
	}
	for _, ref := range []string{auth.UsernameRef, auth.PasswordRef} {
		if ref != "" && !c.secrets[ref] {
			return refused("No secret exists with the identifier %s in this scope", strings.TrimPrefix(ref, "account."))
		}
	}
	return nil
}

// refusedByPolicy is the answer to a write that a policy denies: a success without a connector.
func refusedByPolicy(policy string) *answer {
	return success(map[string]any{
		"connector": nil, "createdAt": nil, "lastModifiedAt": nil, "status": nil, "harnessManaged": false,
		"governanceMetadata": map[string]any{
			"id": "1", "deny": true, "status": "error", "message": "",
			"details": []any{map[string]any{
				"policySetId": "registries", "policySetName": "registries", "deny": true, "status": "error",
				"policyMetadata": []any{map[string]any{
					"policyId": "registries", "policyName": policy, "severity": "error", "status": "error",
					"denyMessages": []string{"the registry is not on the list of " + policy},
				}},
			}},
		},
	})
}

// Connector returns the body of the account's image connector, JSON as it was sent; "" if there is none.
func (s *state) Connector() string { return s.ConnectorNamed(ImageConnector) }

// ConnectorNamed returns the body of a connector by its identifier; "" if there is none.
func (s *state) ConnectorNamed(id string) (body string) {
	s.changeConnector(id, func(c connector) connector {
		body = string(c.body)
		return c
	})
	return body
}

// SetConnector stores a body of the image connector as if someone else had: without a trace in the request
// log, a check or a test. "" removes the connector.
func (s *state) SetConnector(body string) { s.SetConnectorNamed(ImageConnector, body) }

// SetConnectorNamed is SetConnector for any connector.
func (s *state) SetConnectorNamed(id, body string) {
	s.changeConnector(id, func(c connector) connector {
		at := s.connectors.now()
		return connector{json.RawMessage(body), at, at, c.status}
	})
}

// EndTest ends a test of the image connector that is PENDING, as TestConnections says.
func (s *state) EndTest() {
	s.changeConnector(ImageConnector, func(c connector) connector {
		c.status = s.connectors.testOf(ImageConnector)
		return c
	})
}

// changeConnector changes a connector of the account of Options. Without a body, there is none.
func (s *state) changeConnector(id string, change func(connector) connector) {
	s.locked(func() {
		stored := s.connectors.of(s.opts.AccountID, !s.opts.NoConnector)
		if stored[id] = change(stored[id]); len(stored[id].body) == 0 {
			delete(stored, id)
		}
	})
}

// ConnectorBody returns the body of an anonymous image connector with a registry's URL; with a user,
// the password is the secret account.<user>.
func ConnectorBody(url, user string) string {
	auth := `{"type": "Anonymous"}`
	if user != "" {
		auth = fmt.Sprintf(`{"type": "UsernamePassword", "spec": {"username": %q, "passwordRef": %q}}`, user, "account."+user)
	}
	return fmt.Sprintf(`{"name": "Images", "identifier": %q, "type": "DockerRegistry", "tags": {"team": "ci"}, "spec": {
		"dockerRegistryUrl": %q, "providerType": "Other", "auth": %s, "executeOnDelegate": true,
		"delegateSelectors": ["builds"], "proxy": true}}`, ImageConnector, url, auth)
}

// AddSecret makes a secret that connectors can name, such as "account.registry".
func (s *state) AddSecret(ref string) { s.locked(func() { s.connectors.secrets[ref] = true }) }

// RemoveSecret removes a secret, even if something refers to it.
func (s *state) RemoveSecret(ref string) { s.locked(func() { delete(s.connectors.secrets, ref) }) }

// TestConnections says how connection tests go from now on.
func (s *state) TestConnections(test ConnectionTest) { s.locked(func() { s.connectors.test = test }) }

// DenyByPolicy makes a policy refuse every change of the connector with an identifier, "" for any. Policy ""
// lifts it.
func (s *state) DenyByPolicy(policy, id string) {
	s.locked(func() { s.connectors.policy, s.connectors.policyOn = policy, id })
}

// DenyConnectors takes the permissions to view and edit connectors from every credential.
func (s *state) DenyConnectors(view, edit bool) {
	s.locked(func() { s.connectors.noView, s.connectors.noEdit = view, edit })
}

// ReferToConnector makes a pipeline name the image connector, so that it cannot be deleted.
func (s *state) ReferToConnector() { s.locked(func() { s.connectors.inUse = true }) }
