package fakeharness

import (
	"net/http"
	"strings"
	"time"
)

// Request is one entry of the request log.
type Request struct {
	Method, Path, Query string
	// Call is the API call, such as "update-config"; "catalog" for the image list; "" for
	// a path that the API does not have.
	Call string
	// Scope is such as "ci/K8", with a supported infra in its own spelling; only the module if the request
	// names no infra; "" if the path has no module.
	Scope string
	// Connector is the identifier of the connector that a call is about.
	Connector string
	// Account and OverridesOnly are from the query, as sent.
	Account, OverridesOnly string
	// Header holds every header, with the credentials masked.
	Header http.Header
	// Credential is "api_key", "bearer_token", "" for none, "both" for a client's mistake.
	Credential string
	UserAgent  string
	Body       []byte
	// Status is the answer's; 0 while there is none, or if none is sent.
	Status int
	// CorrelationID is that of the answer; "" if the answer came from a Fault.
	CorrelationID string
	// Start is the arrival, End when the answer was ready; zero until then.
	Start, End time.Time
}

const masked = "***"

// newRequest makes the log entry of a request; it keeps no credential.
func newRequest(r *http.Request, rt route, body []byte) Request {
	query := r.URL.Query()
	req := Request{
		Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery,
		Call: rt.call, Scope: scopeOf(rt.module, query.Get("infra")),
		Account: query.Get("accountIdentifier"), OverridesOnly: query.Get("overridesOnly"),
		Connector: rt.connector, Header: r.Header.Clone(), UserAgent: r.UserAgent(), Body: body,
		Start: time.Now(),
	}
	if isConnectorWrite(rt.call) && rt.connector == "" {
		_, sent, _ := connectorIn(body)
		req.Connector = sent.Identifier
	}
	if rt.module == dbops {
		req.Scope, req.Account = dbops, r.Header.Get("Harness-Account")
	}
	_, hasKey := req.Header[http.CanonicalHeaderKey(apiKeyHeader)]
	_, hasToken := req.Header["Authorization"]
	switch {
	case hasKey && hasToken:
		req.Credential = "both"
	case hasKey:
		req.Credential = "api_key"
	case hasToken:
		req.Credential = "bearer_token"
	}
	if hasKey {
		req.Header.Set(apiKeyHeader, masked)
	}
	if hasToken {
		req.Header.Set("Authorization", masked)
	}
	return req
}

// scopeOf spells a supported infra as the API does, and leaves any other as it was sent.
func scopeOf(module, infra string) string {
	if upper := strings.ToUpper(infra); isInfra(upper) {
		infra = upper
	}
	if infra == "" {
		return module
	}
	return module + "/" + infra
}

// matchesCall reports whether call is the wanted one: "" is any, "writes" both writes of overrides,
// "connector-writes" every change of a connector.
func matchesCall(call, wanted string) bool {
	return wanted == "" || wanted == call || wanted == "writes" && isWrite(call) ||
		wanted == "connector-writes" && isConnectorWrite(call)
}

// matches reports whether a fault is for a request.
func matches(f *Fault, r Request) bool {
	return matchesCall(r.Call, f.Call) && (f.Scope == "" || f.Scope == r.Scope) &&
		(f.Connector == "" || f.Connector == r.Connector) && (f.Method == "" || f.Method == r.Method) &&
		strings.Contains(r.Path, f.Reference)
}

// Count returns the number of logged requests of a call: "writes" is update-config and
// reset-config together, "" is every request.
func (s *Server) Count(call string) (n int) {
	for _, r := range s.Requests() {
		if matchesCall(r.Call, call) {
			n++
		}
	}
	return n
}
