package fakeharness

import (
	"fmt"
	"maps"
	"mime"
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

// route is the meaning of a path; the zero value is a path that the API does not have.
type route struct{ module, call, method string }

var modulePaths = map[string]string{"ci": "ci", "iacm": "iacm-manager", "idp": "idp"}

var methods = map[string]string{ // call -> method
	"get-default-config":  http.MethodGet,
	"get-customer-config": http.MethodGet,
	"update-config":       http.MethodPost,
	"reset-config":        http.MethodPost,
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

// handle acts on a request as the API does. It takes the call's latency, whatever it answers.
func (s *Server) handle(r *http.Request, rt route, req Request, f *Fault) answer {
	latency := s.Options().latency(rt.call)
	if refusal := s.refuse(r, rt, req); refusal != nil {
		s.Wait(r.Context(), latency)
		return *refusal
	}
	if isConnectorCall(rt.call) {
		return s.connector(r.Context(), rt, req, f)
	}
	if isWrite(rt.call) {
		return s.write(r.Context(), latency, req, f)
	}
	s.Wait(r.Context(), latency/2)
	out := s.read(rt, req, r.URL.Query(), f)
	s.Wait(r.Context(), latency/2)
	return out
}

// refuse checks everything before the content of a request, in the server's order; nil if the request may
// go on.
func (s *Server) refuse(r *http.Request, rt route, req Request) *answer {
	refusal := func(a answer) *answer { return &a }
	switch {
	case rt.call == "":
		return refusal(failure("RESOURCE_NOT_FOUND_EXCEPTION", "HTTP 404 Not Found"))
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
	case !s.limit.allow(key, s.Options().RateLimit):
		return refusal(failed(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", "Too many requests. Please try again later."))
	case req.Account == "" && rt.call != "get-default-config":
		return refusal(invalid("accountIdentifier", "must not be null"))
	case req.Account != "" && !s.store.hasAccount(req.Account):
		return refusal(failed(http.StatusNotFound, "ACCOUNT_DOES_NOT_EXIST", fmt.Sprintf("Account %s does not exist", req.Account)))
	case len(req.Body) > 0 && !isJSON(r):
		return refusal(failed(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "HTTP 415 Unsupported Media Type"))
	case isConnectorCall(rt.call):
		return s.refuseConnector(rt.call, mayWrite)
	case isWrite(rt.call) && !mayWrite:
		return refusal(failed(http.StatusForbidden, "NG_ACCESS_DENIED",
			fmt.Sprintf("Missing permission %s on account", editAccount)))
	}
	infra := r.URL.Query().Get("infra")
	if rt.module != dbops && !s.hasInfra(strings.ToUpper(infra)) {
		return refusal(failed(http.StatusBadRequest, "INVALID_REQUEST", "Config not supported for infra type: "+infra))
	}
	return nil
}

// hasInfra reports whether the server has an infra.
func (s *Server) hasInfra(infra string) bool {
	return isInfra(infra) && (infra != "ECS" || s.Options().ECS)
}

func isJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// authenticate returns the credential that a request carries and what it may do.
func (s *Server) authenticate(header http.Header) (credential string, mayWrite, ok bool) {
	opts := s.Options()
	switch key := header.Get(apiKeyHeader); key {
	case "":
	case opts.APIKey:
		return key, true, true
	case opts.ReadOnlyKey:
		return key, false, true
	default:
		return "", false, false
	}
	token, isBearer := strings.CutPrefix(header.Get("Authorization"), "Bearer ")
	return token, true, isBearer && token == opts.BearerToken
}

// read answers the calls that change nothing.
func (s *Server) read(rt route, req Request, query url.Values, f *Fault) answer {
	switch rt.call {
	case "catalog":
		return s.catalog(query)
	case "get-default-config":
		return success(s.store.defaultsOf(req.Scope))
	}
	opts, lag := s.Options(), f.Behind
	if n := s.reads.Add(1); opts.ReplicaEvery <= 1 || n%int64(opts.ReplicaEvery) == 0 {
		lag = opts.ReplicaLag
	}
	overrides, defaults := s.store.overrides(req.Account, req.Scope, lag), s.store.defaultsOf(req.Scope)
	maps.DeleteFunc(overrides, func(field, _ string) bool { return !s.store.lists(req.Scope, field) })
	if req.OverridesOnly != "" && !strings.EqualFold(req.OverridesOnly, "true") {
		return success(merged(defaults, overrides))
	}
	if opts.HideDefaults {
		maps.DeleteFunc(overrides, func(field, image string) bool { return defaults[field] == image })
	}
	return success(overrides)
}

// merged returns the answer to overridesOnly=false: the images of some families are the defaults, whatever
// is stored, and a blank override counts as none.
func merged(defaults, overrides images) images {
	out := maps.Clone(defaults)
	for field, image := range overrides {
		left := strings.HasPrefix(field, "ssca") || strings.HasPrefix(field, "slsa") || strings.HasPrefix(field, "provenance")
		if !left && !isBlank(image) {
			out[field] = image
		}
	}
	return out
}
