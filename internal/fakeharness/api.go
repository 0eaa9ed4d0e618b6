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
	apiKeyHeader   = "X-API-KEY"
	basePath       = "/gateway"
	catalogPath    = "/registry/_catalog"
	connectorsPath = basePath + "/ng/api/connectors"
	dbops          = "dbops" // the module, and the scope, of Database DevOps: it has no infra
)

// modulePaths is where each module has its calls, below the endpoint.
var modulePaths = map[string]string{
	"ci": "/ci/execution-config/", "iacm": "/iacm-manager/execution-config/", "idp": "/idp/execution-config/",
	dbops: "/v1/dbops/execution-config/",
}

// calls are those of the API: their method, and the permission that they take beyond a valid credential.
var calls = map[string]struct{ method, permission string }{
	"catalog":             {http.MethodGet, ""},
	"get-default-config":  {http.MethodGet, ""},
	"get-customer-config": {http.MethodGet, ""},
	"update-config":       {http.MethodPost, "core_account_edit on account"},
	"reset-config":        {http.MethodPost, "core_account_edit on account"},
	"get-connector":       {http.MethodGet, "core_connector_view on connector"},
	"create-connector":    {http.MethodPost, "core_connector_edit on connector"},
	"update-connector":    {http.MethodPut, "core_connector_edit on connector"},
	"delete-connector":    {http.MethodDelete, "core_connector_delete on connector"},
	"test-connector":      {http.MethodPost, ""},
}

func isWrite(call string) bool { return call == "update-config" || call == "reset-config" }

// isConnectorCall reports whether a call is one of the connectors' API.
func isConnectorCall(call string) bool { return strings.HasSuffix(call, "-connector") }

// isConnectorWrite reports whether a call changes a connector.
func isConnectorWrite(call string) bool {
	return isConnectorCall(call) && call != "get-connector" && call != "test-connector"
}

// route is the meaning of a path, and the connector that it names; without a call, it is a path that the API
// does not have.
type route struct{ module, call, connector string }

func (s *Server) routeOf(method, path string) route {
	if path == catalogPath {
		return route{call: "catalog"}
	}
	for module, prefix := range modulePaths {
		if module != dbops || s.Options().DBOpsUnderGateway {
			prefix = basePath + prefix
		}
		if call, ok := strings.CutPrefix(path, prefix); ok && strings.HasSuffix(call, "-config") && calls[call].method != "" {
			return route{module: module, call: call}
		}
	}
	below, ok := strings.CutPrefix(path, connectorsPath)
	tested, isTest := strings.CutPrefix(below, "/testConnection/")
	id := strings.TrimPrefix(below, "/")
	switch {
	case !ok:
		return route{}
	case isTest:
		return route{call: "test-connector", connector: tested}
	case below == "" && method == http.MethodPut:
		return route{call: "update-connector"}
	case below == "":
		return route{call: "create-connector"}
	case id == "" || below != "/"+id || strings.Contains(id, "/"):
		return route{}
	case method == http.MethodDelete:
		return route{call: "delete-connector", connector: id}
	}
	return route{call: "get-connector", connector: id}
}

// handle acts on a request as the API does. It takes the call's latency, whatever it answers.
func (s *Server) handle(r *http.Request, rt route, req Request, f *Fault) *answer {
	latency := s.Options().latency(rt.call)
	if refusal := s.refuse(r, rt, req); refusal != nil {
		s.Wait(r.Context(), latency)
		return refusal
	}
	if isWrite(rt.call) {
		return s.write(r.Context(), latency, req, f)
	}
	s.Wait(r.Context(), latency/2)
	var out *answer
	if isConnectorCall(rt.call) {
		out = s.connector(r.Context(), rt.call, req, f)
	} else {
		out = s.read(rt, req, r.URL.Query(), f)
	}
	s.Wait(r.Context(), latency/2)
	return out
}

// refuse checks everything before the content of a request, in the server's order; nil if the request may
// go on.
func (s *Server) refuse(r *http.Request, rt route, req Request) *answer {
	call := calls[rt.call]
	switch {
	case rt.call == "":
		return failure("RESOURCE_NOT_FOUND_EXCEPTION", "HTTP 404 Not Found")
	case r.Method != call.method:
		out := failed(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "HTTP 405 Method Not Allowed")
		out.Header.Set("Allow", call.method)
		return out
	case rt.call == "catalog":
		return nil // the registry asks for no credential
	}
	key, mayWrite, ok := s.authenticate(r.Header)
	infra := r.URL.Query().Get("infra")
	switch {
	case !ok:
		return failed(http.StatusUnauthorized, "INVALID_TOKEN", "Token is not valid.")
	case !s.allow(key):
		return failed(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", "Too many requests. Please try again later.")
	case req.Account == "" && rt.call != "get-default-config":
		return invalid("accountIdentifier", "must not be null")
	case req.Account != "" && !s.hasAccount(req.Account):
		return failed(http.StatusNotFound, "ACCOUNT_DOES_NOT_EXIST", fmt.Sprintf("Account %s does not exist", req.Account))
	case len(req.Body) > 0 && !isJSON(r):
		return failed(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "HTTP 415 Unsupported Media Type")
	case call.permission != "" && s.lacks(rt.call, mayWrite):
		return failed(http.StatusForbidden, "NG_ACCESS_DENIED", "Missing permission "+call.permission)
	case rt.module != "" && rt.module != dbops && !s.hasInfra(strings.ToUpper(infra)):
		return failed(http.StatusBadRequest, "INVALID_REQUEST", "Config not supported for infra type: "+infra)
	}
	return nil
}

// lacks reports whether a credential that may write, or only read, lacks the permission of a call.
func (s *Server) lacks(call string, mayWrite bool) (lacks bool) {
	s.locked(func() {
		switch {
		case call == "get-connector":
			lacks = s.connectors.noView
		case isConnectorCall(call):
			lacks = !mayWrite || s.connectors.noEdit
		default:
			lacks = !mayWrite
		}
	})
	return lacks
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
func (s *Server) read(rt route, req Request, query url.Values, f *Fault) *answer {
	switch rt.call {
	case "catalog":
		return s.catalog(query)
	case "get-default-config":
		return success(s.Defaults(req.Scope))
	}
	opts, lag := s.Options(), f.Behind
	s.locked(func() {
		if s.reads++; opts.ReplicaEvery <= 1 || s.reads%opts.ReplicaEvery == 0 {
			lag = opts.ReplicaLag
		}
	})
	overrides, defaults := s.overrides(req.Account, req.Scope, lag), s.Defaults(req.Scope)
	// A field that may be set, but is in no defaults, is never listed; one that was stored from outside is.
	maps.DeleteFunc(overrides, func(field, _ string) bool {
		_, listed := defaults[field]
		return !listed && s.takes(req.Scope, field)
	})
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
