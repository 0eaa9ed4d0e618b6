package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

const (
	// ImageConnector is the identifier of the connector through which an account pulls Harness images.
	ImageConnector = "harnessImage"
	// ImageCandidate is the identifier of the temporary connector that tests settings for it.
	ImageCandidate = "harnessImageCandidate"
)

// DockerRegistry is the type of the connectors whose settings are known here.
const DockerRegistry = "DockerRegistry"

// Connector is a connector of the account, as the server describes it.
type Connector struct {
	Name, Type string
	// Body is the whole connector as it came. What is sent in its place replaces all of it.
	Body json.RawMessage
	// Changed is when it was last changed, in milliseconds since 1970.
	Changed int64
	Status  ConnectorStatus
}

// ConnectorStatus is the outcome of a connection test. Its texts are safe to show.
type ConnectorStatus struct {
	State   string // SUCCESS, FAILURE, PARTIAL, UNKNOWN, PENDING; "" if there is none
	Summary string
	Reasons []string // at most maxReasons, each once
	// Tested is when the test ended, in milliseconds since 1970.
	Tested int64
}

// StatusCurrent reports whether the status is about the current settings: an update keeps the status of the
// previous ones.
func (c Connector) StatusCurrent() bool {
	return c.Status.State != "" && c.Status.Tested >= c.Changed && c.Status.Tested > 0
}

// PolicyError is a write that a policy of the account refused. The server reports it inside a success.
type PolicyError struct {
	// Reasons are what the policy says; may be empty.
	Reasons []string
}

// Error says that a policy refused, and its reasons.
func (e *PolicyError) Error() string {
	said := "a policy of the account refused the change"
	if len(e.Reasons) > 0 {
		said += ": " + strings.Join(e.Reasons, "; ")
	}
	return said
}

// Connector returns a connector of the account. Every error is an *Error; see IsNoConnector.
func (c *Client) Connector(ctx context.Context, id string) (Connector, error) {
	x, err := c.connectors(ctx, id, request{call: "get-connector", method: http.MethodGet}, "/"+id, nil)
	if err != nil {
		return Connector{}, err
	}
	return x.connector()
}

// CreateConnector stores a new connector, whose identifier is also in the body. Every error is an *Error or
// a *PolicyError.
func (c *Client) CreateConnector(ctx context.Context, id string, body json.RawMessage) (Connector, error) {
	return c.saveConnector(ctx, id, request{call: "create-connector", method: http.MethodPost}, body)
}

// UpdateConnector replaces the whole body of a connector, whose identifier is also in the body. No test is
// run. Every error is an *Error or a *PolicyError.
func (c *Client) UpdateConnector(ctx context.Context, id string, body json.RawMessage) (Connector, error) {
	return c.saveConnector(ctx, id, request{call: "update-connector", method: http.MethodPut}, body)
}

// DeleteConnector removes a connector. Every error is an *Error.
func (c *Client) DeleteConnector(ctx context.Context, id string) error {
	x, err := c.connectors(ctx, id, request{call: "delete-connector", method: http.MethodDelete}, "/"+id, nil)
	if err != nil {
		return err
	}
	return x.acknowledged()
}

// TestConnector has the server test a connector; each attempt may take as long as patience. A failed test is
// a status, not an error; every error is an *Error.
func (c *Client) TestConnector(ctx context.Context, id string, patience time.Duration) (ConnectorStatus, error) {
	x, err := c.connectors(ctx, id, request{call: "test-connector", method: http.MethodPost, timeout: patience},
		"/testConnection/"+id, nil)
	if err != nil {
		return ConnectorStatus{}, err
	}
	var status connectorStatus
	if err := x.object(&status); err != nil {
		return ConnectorStatus{}, err
	}
	return status.shown(""), nil
}

// IsNoConnector reports whether the account has no connector with that identifier. The answer for an
// unknown path has the same code, but a message of the server's framework.
func IsNoConnector(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.Status == http.StatusBadRequest || e.Status == http.StatusNotFound) &&
		slices.Contains(noConnectorCodes, e.Code) && e.Message != "HTTP 404 Not Found"
}

var noConnectorCodes = []string{"RESOURCE_NOT_FOUND_EXCEPTION", "ENTITY_NOT_FOUND", "CONNECTOR_NOT_FOUND_EXCEPTION"}

// IsReferenced reports whether a connector cannot be deleted because something refers to it.
func IsReferenced(err error) bool {
	return refusedWith(err, "ENTITY_REFERENCE_EXCEPTION")
}

// IsOverlapping reports whether another change of the same connector was in progress.
func IsOverlapping(err error) bool { return refusedWith(err, "OPTIMISTIC_LOCKING_EXCEPTION") }

func refusedWith(err error, code string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status == http.StatusBadRequest && e.Code == code
}

func (c *Client) saveConnector(ctx context.Context, id string, r request, body json.RawMessage) (Connector, error) {
	x, err := c.connectors(ctx, id, r, "", map[string]json.RawMessage{"connector": body})
	if err != nil {
		return Connector{}, err
	}
	var answer connectorAnswer
	if err := x.object(&answer); err != nil {
		return Connector{}, err
	}
	if kindOf(answer.Connector) != "an object" && kindOf(answer.Governance) == "an object" {
		return Connector{}, &PolicyError{Reasons: policyReasons(answer.Governance)}
	}
	return x.connector()
}

// connectors makes a call to the connectors API, at account level: no org, no project.
func (c *Client) connectors(ctx context.Context, id string, r request, path string, body any) (*exchange, error) {
	r.subject = connectorSubject(id)
	return c.send(ctx, r, "ng/api/connectors"+path, nil, body)
}

// connectorSubject is the identifier of the connector that a call is about.
type connectorSubject string

func (s connectorSubject) String() string { return string(s) }

func (s connectorSubject) Facts() text.Facts {
	return text.Facts{{Name: "connector", Value: string(s)}}
}

// object reads the data of a success, an object, into v.
func (x *exchange) object(v any) error {
	data, err := x.data()
	if err != nil {
		return err
	}
	if kind := kindOf(data); kind != "an object" {
		return x.failure(fmt.Errorf("the answer's data is %s, not an object", kind))
	}
	if err := decodeObject(data, v); err != nil {
		return x.failure(err)
	}
	return nil
}

// connectorAnswer is the data of an answer about one connector.
type connectorAnswer struct {
	Connector  json.RawMessage `json:"connector"`
	Changed    int64           `json:"lastModifiedAt"`
	Status     connectorStatus `json:"status"`
	Governance json.RawMessage `json:"governanceMetadata"`
}

type connectorStatus struct {
	Status  string `json:"status"`
	Summary string `json:"errorSummary"`
	Errors  []struct {
		Reason  string `json:"reason"`
		Message string `json:"message"`
	} `json:"errors"`
	TestedAt int64 `json:"testedAt"`
}

// maxReasons is how many reasons of a failed test, or of a policy, are kept.
const maxReasons = 20

// shown returns the status of the connector with this URL; "" is one that is not known.
func (s connectorStatus) shown(registryURL string) ConnectorStatus {
	show := func(message string) string { return transport.Show(showMessage(message, registryURL)) }
	out := ConnectorStatus{State: transport.Show(s.Status), Summary: show(s.Summary), Tested: s.TestedAt}
	for _, e := range s.Errors {
		if len(out.Reasons) == maxReasons {
			break
		}
		reason := strings.TrimSpace(e.Message)
		if reason == "" {
			reason = strings.TrimSpace(e.Reason)
		}
		if reason = show(reason); reason != "" && !slices.Contains(out.Reasons, reason) {
			out.Reasons = append(out.Reasons, reason)
		}
	}
	return out
}

// connector returns the connector in the data of a success.
func (x *exchange) connector() (Connector, error) {
	var answer connectorAnswer
	if err := x.object(&answer); err != nil {
		return Connector{}, err
	}
	if kind := kindOf(answer.Connector); kind != "an object" {
		return Connector{}, x.failure(fmt.Errorf("the answer has %s where a connector was expected", kind))
	}
	var head struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	if err := decodeObject(answer.Connector, &head); err != nil {
		return Connector{}, x.failure(err)
	}
	out := Connector{Name: plain(head.Name), Type: plain(head.Type), Body: answer.Connector, Changed: answer.Changed}
	registry, _ := out.Registry() // of another type, it has none
	transport.Hide(loginParts(registry.URL)...)
	out.Status = answer.Status.shown(registry.URL)
	return out, nil
}

// policyReasons collects what a policy says: the names and messages anywhere in its metadata, whose form
// differs between server versions.
func policyReasons(metadata json.RawMessage) []string {
	var root any
	if json.Unmarshal(metadata, &root) != nil {
		return nil
	}
	var reasons []string
	var walk func(key string, value any)
	walk = func(key string, value any) {
		switch v := value.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				walk(strings.ToLower(strings.ReplaceAll(name, "_", "")), v[name])
			}
		case []any:
			for _, item := range v {
				walk(key, item)
			}
		case string:
			said := key == "denymessages" || key == "message" || key == "policyname"
			if !said || len(reasons) == maxReasons {
				return
			}
			if text := transport.Show(v); text != "" && !slices.Contains(reasons, text) {
				reasons = append(reasons, text)
			}
		}
	}
	walk("", root)
	return reasons
}
