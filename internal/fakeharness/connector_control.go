package fakeharness

import (
	"encoding/json"
	"fmt"
)

// Connector returns the body of the account's image connector, JSON as it was sent; "" if there is none.
func (s *Server) Connector() string { return s.ConnectorNamed(ImageConnector) }

// ConnectorNamed returns the body of a connector by its identifier; "" if there is none.
func (s *Server) ConnectorNamed(id string) string {
	s.connectors.mu.Lock()
	defer s.connectors.mu.Unlock()
	return string(s.connectors.of(s.Options().AccountID, !s.Options().NoConnector)[id].body)
}

// SetConnector stores a body of the image connector as if someone else had: without a trace in the request
// log, a check or a test. "" removes the connector.
func (s *Server) SetConnector(body string) { s.SetConnectorNamed(ImageConnector, body) }

// SetConnectorNamed is SetConnector for any connector.
func (s *Server) SetConnectorNamed(id, body string) {
	s.connectors.mu.Lock()
	defer s.connectors.mu.Unlock()
	stored := s.connectors.of(s.Options().AccountID, !s.Options().NoConnector)
	if body == "" {
		delete(stored, id)
		return
	}
	old := stored[id]
	at := s.connectors.now()
	stored[id] = connector{body: json.RawMessage(body), created: at, changed: at, status: old.status}
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
func (s *Server) AddSecret(ref string) {
	s.connectors.mu.Lock()
	defer s.connectors.mu.Unlock()
	if s.connectors.secrets == nil {
		s.connectors.secrets = map[string]bool{}
	}
	s.connectors.secrets[ref] = true
}

// RemoveSecret removes a secret, even if something refers to it.
func (s *Server) RemoveSecret(ref string) {
	s.connectors.locked(func() { delete(s.connectors.secrets, ref) })
}

// TestConnections says how connection tests go from now on.
func (s *Server) TestConnections(test ConnectionTest) {
	s.connectors.locked(func() { s.connectors.test = test })
}

// DenyByPolicy makes a policy refuse every change of a connector; "" lifts it.
func (s *Server) DenyByPolicy(policy string) { s.DenyOneByPolicy(policy, "") }

// DenyOneByPolicy makes a policy refuse every change of the connector with an identifier.
func (s *Server) DenyOneByPolicy(policy, id string) {
	s.connectors.locked(func() { s.connectors.policy, s.connectors.policyOn = policy, id })
}

// DenyConnectors takes the permissions to view and edit connectors from every credential.
func (s *Server) DenyConnectors(view, edit bool) {
	s.connectors.locked(func() { s.connectors.noView, s.connectors.noEdit = view, edit })
}

// ReferToConnector makes a pipeline name the image connector, so that it cannot be deleted.
func (s *Server) ReferToConnector() {
	s.connectors.locked(func() { s.connectors.references = map[string]bool{ImageConnector: true} })
}

// EndTest ends a test of the image connector that is PENDING, as TestConnections says.
func (s *Server) EndTest() {
	s.connectors.mu.Lock()
	defer s.connectors.mu.Unlock()
	stored := s.connectors.of(s.opts.AccountID, !s.opts.NoConnector)
	tested := stored[ImageConnector]
	tested.status = s.connectors.testResult(ImageConnector)
	stored[ImageConnector] = tested
}
