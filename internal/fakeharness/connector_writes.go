package fakeharness

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// connectorBody is what the API reads of a connector; it keeps everything else as it came.
type connectorBody struct {
	Name       string `json:"name"`
	Identifier string `json:"identifier"`
	Type       string `json:"type"`
	Spec       struct {
		URL          string `json:"dockerRegistryUrl"`
		ProviderType string `json:"providerType"`
		Auth         struct {
			Type string `json:"type"`
			Spec struct {
				Username    string `json:"username"`
				UsernameRef string `json:"usernameRef"`
				PasswordRef string `json:"passwordRef"`
			} `json:"spec"`
		} `json:"auth"`
	} `json:"spec"`
}

// connectorIn returns the identifier of the connector in the body of a write; "" if it has none.
func connectorIn(sent []byte) string {
	var request struct {
		Connector connectorBody `json:"connector"`
	}
	_ = json.Unmarshal(sent, &request) // a body that is none names none
	return request.Connector.Identifier
}

// save creates or replaces a connector as a whole. The caller holds the lock.
func (c *connectorStore) save(stored map[string]connector, call string, sent []byte, lie bool) answer {
	var request struct {
		Connector json.RawMessage `json:"connector"`
	}
	var body connectorBody
	if json.Unmarshal(sent, &request) != nil || json.Unmarshal(request.Connector, &body) != nil {
		return invalid("body", "Unable to process JSON")
	}
	if refusal := c.judge(stored, call, body); refusal != nil {
		return *refusal
	}
	if c.policy != "" && (c.policyOn == "" || c.policyOn == body.Identifier) {
		return refusedByPolicy(c.policy)
	}
	at := c.now()
	// An update runs no test and keeps the old status.
	saved := connector{body: request.Connector, created: at, changed: at, status: stored[body.Identifier].status}
	if call == "update-connector" {
		saved.created = stored[body.Identifier].created
	} else {
		saved.status = connectorStatus{Status: "UNKNOWN", Errors: []connectorError{}}
	}
	if !lie {
		stored[body.Identifier] = saved
	}
	out := success(saved.response())
	if call == "create-connector" && !lie && !c.test.Silent {
		saved.status = c.testResult(body.Identifier) // on its own, after the answer
		stored[body.Identifier] = saved
	}
	return out
}

// judge returns the refusal of a body; nil if it may be stored.
func (c *connectorStore) judge(stored map[string]connector, call string, body connectorBody) *answer {
	refusal := func(a answer) *answer { return &a }
	old, exists := stored[body.Identifier]
	switch {
	case isBlank(body.Identifier):
		return refusal(invalid("connector.identifier", "must not be blank"))
	case isBlank(body.Name):
		return refusal(invalid("connector.name", "must not be blank"))
	case call == "create-connector" && exists:
		return refusal(failed(http.StatusBadRequest, "DUPLICATE_FIELD", fmt.Sprintf(
			"Try using different connector identifier, [%s] already exists", body.Identifier)))
	case call == "update-connector" && !exists:
		return refusal(noConnector("CONNECTOR_NOT_FOUND_EXCEPTION", body.Identifier))
	}
	if exists {
		var was connectorBody
		_ = json.Unmarshal(old.body, &was) // what is stored was read once already
		if was.Type != body.Type {
			return refusal(failed(http.StatusBadRequest, "INVALID_REQUEST", "The connector type cannot be updated"))
		}
	}
	if body.Type != dockerRegistry {
		return nil
	}
	if !strings.Contains(body.Spec.URL, "://") {
		return refusal(failed(http.StatusBadRequest, "INVALID_REQUEST", "Invalid docker registry url"))
	}
	return c.judgeAuth(body)
}

func (c *connectorStore) judgeAuth(body connectorBody) *answer {
	refusal := func(a answer) *answer { return &a }
	auth := body.Spec.Auth
	switch auth.Type {
	case "Anonymous":
		return nil
	case "UsernamePassword":
	default:
		return refusal(invalid("connector.spec.auth.type", "must be one of Anonymous, UsernamePassword"))
	}
	if (auth.Spec.Username == "") == (auth.Spec.UsernameRef == "") {
		return refusal(failed(http.StatusBadRequest, "INVALID_REQUEST", "Only one of username and usernameRef is to be given"))
	}
	if auth.Spec.PasswordRef == "" {
		return refusal(invalid("connector.spec.auth.spec.passwordRef", "must not be null"))
	}
	for _, ref := range []string{auth.Spec.UsernameRef, auth.Spec.PasswordRef} {
		if ref != "" && !c.secrets[ref] {
			return refusal(failed(http.StatusBadRequest, "INVALID_REQUEST", fmt.Sprintf(
				"No secret exists with the identifier %s in this scope", strings.TrimPrefix(ref, "account."))))
		}
	}
	return nil
}

// refusedByPolicy is the answer to a write that a policy denies: a success without a connector.
func refusedByPolicy(policy string) answer {
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

// remove deletes a connector. The caller holds the lock.
func (c *connectorStore) remove(stored map[string]connector, id string, lie bool) answer {
	switch _, exists := stored[id]; {
	case !exists:
		return noConnector("ENTITY_NOT_FOUND", id)
	case c.references[id]:
		return failed(http.StatusBadRequest, "ENTITY_REFERENCE_EXCEPTION",
			fmt.Sprintf("Could not delete the connector %s as it is referenced by other entities", id))
	}
	if !lie {
		delete(stored, id)
	}
	return success(true)
}
