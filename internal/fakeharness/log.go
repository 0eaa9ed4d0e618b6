package fakeharness

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"sync"
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
	// Connector is the identifier in the path of a call about one connector.
	Connector string
	// Account and OverridesOnly are from the query, as sent.
	Account, OverridesOnly string
	// Header holds every header, with the credentials masked.
	Header http.Header
	// Credential is "api_key", "bearer_token", "" for none, "both" for a client's mistake.
	Credential string
	UserAgent  string
	Body       []byte
	// Fields are the fields that a write names, in the order sent.
	Fields []string
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
		Header: r.Header.Clone(), UserAgent: r.UserAgent(), Body: body,
		Start: time.Now(),
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
	if isWrite(rt.call) {
		operations, err := operationsOf(rt.module, rt.call, body)
		for _, op := range operations {
			if err == nil && op != nil {
				req.Fields = append(req.Fields, op.Field)
			}
		}
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

func isWrite(call string) bool { return call == "update-config" || call == "reset-config" }

// requestLog records requests, and how many writes were in flight at once.
type requestLog struct {
	mu       sync.Mutex
	requests []*Request
	writing  map[string]int // account -> writes in flight
	most     int
}

// arrive records the request. The entry belongs to the log: only answered changes it.
func (l *requestLog) arrive(req Request) *Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry := &req
	l.requests = append(l.requests, entry)
	if isWrite(req.Call) {
		l.countWrites(req.Account, 1)
	}
	return entry
}

// writes counts more, or less, writes in flight.
func (l *requestLog) writes(account string, more int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.countWrites(account, more)
}

// countWrites is writes; l.mu must be held.
func (l *requestLog) countWrites(account string, more int) {
	if l.writing == nil {
		l.writing = map[string]int{}
	}
	l.writing[account] += more
	l.most = max(l.most, l.writing[account])
}

// answered completes an entry. It runs before the answer's last byte can reach the
// client, so a client that has its answer finds the log complete.
func (l *requestLog) answered(entry *Request, status int, correlationID string) Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry.Status, entry.CorrelationID, entry.End = status, correlationID, time.Now()
	if isWrite(entry.Call) {
		l.countWrites(entry.Account, -1)
	}
	return entry.copy()
}

func (l *requestLog) all() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Request, len(l.requests))
	for i, entry := range l.requests {
		out[i] = entry.copy()
	}
	return out
}

func (l *requestLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = nil
}

func (l *requestLog) count(call string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, entry := range l.requests {
		if matchesCall(entry.Call, call) {
			n++
		}
	}
	return n
}

func (l *requestLog) mostWriting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.most
}

// copy returns an entry that shares nothing with r.
func (r *Request) copy() Request {
	out := *r
	out.Header = r.Header.Clone()
	out.Body = bytes.Clone(r.Body)
	out.Fields = slices.Clone(r.Fields)
	return out
}
