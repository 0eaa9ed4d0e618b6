package fakeharness

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

const (
	apiKeyHeader = "X-API-KEY"
	basePath     = "/gateway"
	catalogPath  = "/registry/_catalog"
	editAccount  = "core_account_edit"
)

// route is what a path means; the zero value is a path that the API does not have.
type route struct{ module, call, method string }

var modulePaths = map[string]string{"ci": "ci", "iacm": "iacm-manager", "idp": "idp"}

var methods = map[string]string{ // call -> method
	"get-default-config":    http.MethodGet,
	"get-customer-config":   http.MethodGet,
	"get-deprecated-config": http.MethodGet,
	"update-config":         http.MethodPost,
	"reset-config":          http.MethodPost,
}

// CallPath returns the path of a module's call below the endpoint, such as
// "/ci/execution-config/update-config"; not ok when the API has no such module or call.
func CallPath(module, call string) (path string, ok bool) {
	if modulePaths[module] == "" || methods[call] == "" {
		return "", false
	}
	return "/" + modulePaths[module] + "/execution-config/" + call, true
}

// routes holds every path that the API has.
var routes = func() map[string]route {
	out := map[string]route{catalogPath: {call: "catalog", method: http.MethodGet}}
	for module := range modulePaths {
		for call, method := range methods {
			path, _ := CallPath(module, call)
			out[basePath+path] = route{module, call, method}
		}
	}
	return out
}()

// routeOf returns what a method and path mean, and the connector that the path names.
func routeOf(method, path string) (rt route, connector string) {
	if rt, connector, ok := connectorRoute(method, path); ok {
		return rt, connector
	}
	return routes[path], ""
}

// operation is one element of a write's body.
type operation struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// handle acts on a request as the API does. It takes Options.Latency, whatever it answers.
func (s *Server) handle(r *http.Request, rt route, req Request, f *Fault) answer {
	if refusal := s.refuse(r, rt, req); refusal != nil {
		s.wait(r.Context(), s.opts.Latency)
		return *refusal
	}
	if isConnectorCall(rt.call) {
		return s.connector(r.Context(), rt, req, f)
	}
	if isWrite(rt.call) {
		return s.write(r.Context(), rt, req, f)
	}
	s.wait(r.Context(), s.opts.Latency/2)
	out := s.read(rt, req, r.URL.Query())
	s.wait(r.Context(), s.opts.Latency/2)
	return out
}

// refuse checks what comes before the content of a request, in the server's order; nil
// when the request may go on.
func (s *Server) refuse(r *http.Request, rt route, req Request) *answer {
	refusal := func(a answer) *answer { return &a }
	switch {
	case rt.call == "":
		return refusal(failed(http.StatusNotFound, "RESOURCE_NOT_FOUND", "HTTP 404 Not Found"))
	case r.Method != rt.method:
		out := failed(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "HTTP 405 Method Not Allowed")
		out.header.Set("Allow", rt.method)
		return &out
	case rt.call == "catalog":
		return nil // the registry asks for no credential
	}
	key, mayWrite, ok := s.authenticate(r.Header)
	switch {
	case !ok:
		return refusal(failed(http.StatusUnauthorized, "INVALID_TOKEN", "Token is not valid."))
	case !s.limit.allow(key):
		return refusal(failed(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", "Too many requests. Please try again later."))
	case req.Account == "":
		return refusal(failed(http.StatusBadRequest, "INVALID_REQUEST", "accountIdentifier must not be null"))
	case !s.store.hasAccount(req.Account):
		return refusal(failed(http.StatusNotFound, "ACCOUNT_DOES_NOT_EXIST", fmt.Sprintf("Account %s does not exist", req.Account)))
	case isConnectorCall(rt.call):
		return s.refuseConnector(rt.call, mayWrite)
	case isWrite(rt.call) && !mayWrite:
		return refusal(failed(http.StatusForbidden, "NG_ACCESS_DENIED",
			fmt.Sprintf("Missing permission %s on account", editAccount)))
	case rt.call == "get-deprecated-config":
		return nil // it has no infra
	}
	infra := r.URL.Query().Get("infra")
	if !isInfra(strings.ToUpper(infra)) {
		return refusal(failed(http.StatusBadRequest, "INVALID_REQUEST", "Config not supported for infra type: "+infra))
	}
	return nil
}

// authenticate returns the credential that a request carries and what it may do.
func (s *Server) authenticate(header http.Header) (credential string, mayWrite, ok bool) {
	switch key := header.Get(apiKeyHeader); key {
	case "":
	case s.opts.APIKey:
		return key, true, true
	case s.opts.ReadOnlyKey:
		return key, false, true
	default:
		return "", false, false
	}
	token, isBearer := strings.CutPrefix(header.Get("Authorization"), "Bearer ")
	return token, true, isBearer && token == s.opts.BearerToken
}

// read answers the calls that change nothing.
func (s *Server) read(rt route, req Request, query url.Values) answer {
	switch rt.call {
	case "catalog":
		return s.catalog(query)
	case "get-default-config":
		return success(s.store.defaultsOf(req.Scope))
	case "get-deprecated-config":
		scope := rt.module + "/K8" // the only infra that runs harness/ci-* images
		return success(deprecated(s.store.overrides(req.Account, scope), s.store.defaultsOf(scope)))
	}
	overrides, defaults := s.store.overrides(req.Account, req.Scope), s.store.defaultsOf(req.Scope)
	if req.OverridesOnly != "" && !strings.EqualFold(req.OverridesOnly, "true") {
		maps.Copy(defaults, overrides)
		return success(defaults)
	}
	if s.opts.HideDefaults {
		maps.DeleteFunc(overrides, func(field, image string) bool { return defaults[field] == image })
	}
	return success(overrides)
}

// write reads the whole document of one account and module, changes the named fields in memory and
// saves all of it. Nothing is locked in between: of two writes in flight the later save wins. It is
// carried out even if its client has gone.
func (s *Server) write(ctx context.Context, rt route, req Request, f *Fault) answer {
	s.wait(ctx, s.opts.Latency/4)
	doc := s.store.load(req.Account, rt.module).clone()
	refusal := s.apply(doc, rt, req)
	if f.BeforeSave != nil {
		f.BeforeSave(req)
	}
	s.wait(context.WithoutCancel(ctx), s.opts.Latency/2)
	if refusal == nil && !f.Lie {
		s.store.save(req.Account, rt.module, doc)
	}
	s.wait(ctx, s.opts.Latency/4)
	if refusal != nil {
		return *refusal
	}
	return success(true)
}

// apply changes doc as the body says; nil when every operation of it is valid.
func (s *Server) apply(doc document, rt route, req Request) *answer {
	refusal := func(a answer) *answer { return &a }
	var operations []*operation
	if err := json.Unmarshal(req.Body, &operations); err != nil {
		return refusal(invalid("body", "Unable to process JSON"))
	}
	if operations == nil {
		return refusal(invalid("body", "must not be null"))
	}
	_, infra := mustScope(req.Scope)
	known := s.store.defaultsOf(req.Scope)
	for i, op := range operations {
		if op == nil || isBlank(op.Field) {
			return refusal(invalid(fmt.Sprintf("[%d].field", i), "must not be blank"))
		}
		if _, ok := known[op.Field]; !ok {
			return refusal(failed(http.StatusBadRequest, "INVALID_REQUEST",
				fmt.Sprintf("Field %s does not exist for infra type: %s", op.Field, infra)))
		}
		if rt.call == "reset-config" {
			op.Value = ""
		}
		doc.set(infra, op.Field, op.Value)
	}
	return nil
}
