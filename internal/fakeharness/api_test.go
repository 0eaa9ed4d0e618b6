package fakeharness

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDefaultsAreThoseOfTheScope(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	k8 := call(t, s, "ci/K8/get-default-config", "").images(t)
	vm := call(t, s, "ci/VM/get-default-config", "").images(t)
	if len(k8) != 29 || len(vm) != 24 {
		t.Errorf("%d fields on K8 and %d on VM, want 29 and 24", len(k8), len(vm))
	}
	for _, field := range []string{"addonTag", "liteEngineTag", "addonTagRootless", "liteEngineTagRootless", "provenanceTag"} {
		if k8[field] == "" || vm[field] != "" {
			t.Errorf("%s: K8 %q, VM %q; only K8 has it", field, k8[field], vm[field])
		}
	}
	for scope, field := range map[string]string{"iacm/K8": "iacmOpenTofu", "idp/VM": "slackNotify"} {
		if got := call(t, s, scope+"/get-default-config", "").images(t); got[field] == "" || got["gitCloneTag"] != "" {
			t.Errorf("defaults of %s are %v", scope, got)
		}
	}
}

func TestCustomerConfig(t *testing.T) {
	t.Parallel()
	const own = "registry.example/drone-git:1"
	for _, hide := range []bool{false, true} {
		s := Start(t, Options{HideDefaults: hide})
		call(t, s, "ci/K8/get-customer-config", "").mustBe(t, "{}")

		isDefault := s.Defaults("ci/K8")["addonTag"]
		s.SetOverride("ci/K8", "gitCloneTag", own)
		s.SetOverride("ci/K8", "addonTag", isDefault)
		want := images{"gitCloneTag": own}
		if !hide {
			want["addonTag"] = isDefault
		}
		merged := s.Defaults("ci/K8")
		merged["gitCloneTag"] = own
		for query, want := range map[string]images{
			"": want, "&overridesOnly=true": want, "&overridesOnly=TRUE": want, "&overridesOnly=false": merged,
		} {
			req := newCall(t, s, "ci/K8/get-customer-config", "")
			req.URL.RawQuery += query
			if diff := cmp.Diff(want, send(t, req).images(t)); diff != "" {
				t.Errorf("HideDefaults %v, query %q: (-want +got)\n%s", hide, query, diff)
			}
		}
		call(t, s, "ci/VM/get-customer-config", "").mustBe(t, "{}")
		call(t, s, "idp/K8/get-customer-config", "").mustBe(t, "{}")
	}
}

func TestInfraIsMatchedWithoutRegardToCase(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	call(t, s, "ci/k8/update-config", update("gitCloneTag", "a:1")).mustBe(t, "true")
	call(t, s, "ci/K8/get-customer-config", "").mustBe(t, `{"gitCloneTag":"a:1"}`)
	if got := s.Requests()[0].Scope; got != "ci/K8" {
		t.Errorf("logged scope is %q", got)
	}
}

func TestUpdateAndReset(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	for range 2 { // both are idempotent
		both := `[{"field":"gitCloneTag","value":"a:1"},{"field":"addonTag","value":"not an image"}]`
		call(t, s, "ci/K8/update-config", both).mustBe(t, "true")
	}
	call(t, s, "ci/VM/update-config", update("gitCloneTag", "b:1")).mustBe(t, "true")
	call(t, s, "iacm/VM/update-config", update("iacmOpenTofu", "c:1")).mustBe(t, "true")
	for range 2 { // the second time it is not overridden any more
		call(t, s, "ci/K8/reset-config", `[{"field":"gitCloneTag","value":"no part of a reset"},{"field":"cacheS3Tag"}]`).mustBe(t, "true")
	}
	call(t, s, "ci/K8/update-config", `[]`).mustBe(t, "true")
	for scope, want := range map[string]images{
		"ci/K8": {"addonTag": "not an image"}, "ci/VM": {"gitCloneTag": "b:1"},
		"iacm/VM": {"iacmOpenTofu": "c:1"}, "idp/K8": {},
	} {
		if diff := cmp.Diff(map[string]string(want), s.Overrides(scope)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", scope, diff)
		}
	}
}

func TestABlankValueIsKeptAndListedAndCountsAsNotSet(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	for _, blank := range []string{"", " "} {
		call(t, s, "ci/K8/update-config", update("gitCloneTag", blank)).mustBe(t, "true")
		call(t, s, "ci/K8/get-customer-config", "").mustBe(t, `{"gitCloneTag":"`+blank+`"}`)
		req := newCall(t, s, "ci/K8/get-customer-config", "")
		req.URL.RawQuery += "&overridesOnly=false"
		if diff := cmp.Diff(images(s.Defaults("ci/K8")), send(t, req).images(t)); diff != "" {
			t.Errorf("merged with %q: (-want +got)\n%s", blank, diff)
		}
	}
	for _, none := range []string{`[{"field":"gitCloneTag"}]`, `[{"field":"gitCloneTag","value":null}]`} {
		s.SetOverride("ci/K8", "gitCloneTag", "a:1")
		call(t, s, "ci/K8/update-config", none).mustBe(t, "true")
		call(t, s, "ci/K8/get-customer-config", "").mustBe(t, "{}")
	}
}

func TestKeysAreMatchedInTheirOwnCase(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	if got := call(t, s, "ci/K8/update-config", `[{"Field":"gitCloneTag","value":"a:1"}]`); got.status != 400 {
		t.Errorf("Field was taken for field: %s", got.body)
	}
	call(t, s, "ci/K8/update-config", `[{"field":"gitCloneTag","Value":"a:1","FIELD":"addonTag"}]`).mustBe(t, "true")
	call(t, s, "ci/K8/get-customer-config", "").mustBe(t, "{}")
}

func TestSettableFieldsAreSeparateFromTheDefaults(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{BadFieldStatus: 400})
	for _, target := range []string{"ci/VM/update-config", "ci/VM/reset-config"} {
		if got := call(t, s, target, update("slsaVerificationTag", "a:1")); got.status != 400 || s.Defaults("ci/VM")["slsaVerificationTag"] == "" {
			t.Errorf("%s: slsaVerificationTag of VM is listed and cannot be set: %s", target, got.body)
		}
	}
	call(t, s, "ci/K8/update-config", update("slsaVerificationTag", "a:1")).mustBe(t, "true")

	s.SetSettable("ci/VM", "unlistedTag", true)
	call(t, s, "ci/VM/update-config", update("unlistedTag", "a:1")).mustBe(t, "true")
	call(t, s, "ci/VM/get-customer-config", "").mustBe(t, "{}")
	if s.Overrides("ci/VM")["unlistedTag"] != "a:1" {
		t.Error("unlistedTag was not stored")
	}
	s.SetSettable("ci/VM", "unlistedTag", false)
	if got := call(t, s, "ci/VM/update-config", update("unlistedTag", "b:1")); got.status != 400 {
		t.Errorf("unlistedTag is still taken: %s", got.body)
	}
}

func TestABadFieldIsAnErrorOfTheServerOrOfTheRequest(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	body := `[{"field":"gitCloneTag","value":"b:1"},{"field":"nope"}]`
	got := call(t, s, "ci/K8/update-config", body)
	want := `{"status":"ERROR","code":"UNKNOWN_ERROR","message":"Oops, something went wrong on our end. Please contact Harness Support.",` +
		`"correlationId":"` + got.env.CorrelationID + `","detailedMessage":null,"responseMessages":[],"metadata":null}`
	if got.status != 500 || got.body != want {
		t.Errorf("answer is %d %s, want %s", got.status, got.body, want)
	}
	s.Tune(func(o *Options) { o.BadFieldStatus = 400 })
	if got := call(t, s, "ci/K8/update-config", body); got.status != 400 || !strings.Contains(got.env.Message, "Field nope") {
		t.Errorf("answer is %d %s", got.status, got.body)
	}
	if stored := s.Overrides("ci/K8"); len(stored) > 0 {
		t.Errorf("a refused write stored %v", stored)
	}
}

func TestOnlyJSONIsTaken(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	for kind, want := range map[string]int{"": 415, "text/plain": 415, "application/x-www-form-urlencoded": 415, "application/json; charset=utf-8": 200} {
		req := newCall(t, s, "ci/K8/update-config", "[]")
		req.Header.Set("Content-Type", kind)
		if got := send(t, req); got.status != want {
			t.Errorf("Content-Type %q: %d %s", kind, got.status, got.body)
		}
	}
}

func TestTheServersMergeLeavesOutSomeFamilies(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	for _, field := range []string{"sscaEnforcementTag", "slsaVerificationTag", "provenanceTag", "gitCloneTag"} {
		s.SetOverride("ci/K8", field, "own:1")
	}
	want := images(s.Defaults("ci/K8"))
	want["gitCloneTag"] = "own:1"
	req := newCall(t, s, "ci/K8/get-customer-config", "")
	req.URL.RawQuery += "&overridesOnly=false"
	if diff := cmp.Diff(want, send(t, req).images(t)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestTheAccountIsRequiredWhereItMatters(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	for target, want := range map[string]int{"ci/K8/get-default-config": 200, "ci/K8/get-customer-config": 400} {
		req := newCall(t, s, target, "")
		req.URL.RawQuery = "infra=K8"
		if got := send(t, req); got.status != want || want == 400 && got.env.Status != "FAILURE" {
			t.Errorf("%s without an account: %d %s", target, got.status, got.body)
		}
	}
}

func TestWriteWithAnUnknownFieldIsRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{BadFieldStatus: 400})
	s.SetOverride("ci/K8", "addonTag", "a:1")
	for _, c := range []struct{ target, body, message string }{
		{"ci/K8/update-config", `[{"field":"gitCloneTag","value":"b:1"},{"field":"nope"}]`, "Field nope does not exist for infra type: K8"},
		{"ci/k8/reset-config", `[{"field":"addonTag"},{"field":"nope"}]`, "Field nope does not exist for infra type: K8"},
		{"ci/VM/update-config", update("addonTag", "b:1"), "Field addonTag does not exist for infra type: VM"},
		{"idp/K8/update-config", update("gitCloneTag", "b:1"), "Field gitCloneTag does not exist for infra type: K8"},
	} {
		got := call(t, s, c.target, c.body)
		if got.status != 400 || got.env.Code != "INVALID_REQUEST" || got.env.Message != c.message {
			t.Errorf("%s: %d %s, want the message %q", c.target, got.status, got.body, c.message)
		}
	}
	if diff := cmp.Diff(map[string]string{"addonTag": "a:1"}, s.Overrides("ci/K8")); diff != "" {
		t.Errorf("a refused write changed something: (-want +got)\n%s", diff)
	}
	s.SetDefault("ci/VM", "addonTag", "x:1")
	call(t, s, "ci/VM/update-config", update("addonTag", "b:1")).mustBe(t, "true")
	s.SetDefault("ci/VM", "addonTag", "")
	if got := call(t, s, "ci/VM/update-config", update("addonTag", "c:1")); got.status != 400 {
		t.Errorf("a field that has gone is accepted: %s", got.body)
	}
}

func TestMalformedBodiesAreValidationFailures(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	for body, field := range map[string]string{
		`{"field":"gitCloneTag"}`:             "body",
		`[{"field":`:                          "body",
		`[{"field":"gitCloneTag","value":7}]`: "body",
		`null`:                                "body",
		` `:                                   "body",
		`[{"field":"gitCloneTag","value":"a:1"},{"field":" "}]`: "[1].field",
		`[{"value":"a:1"}]`: "[0].field",
		`[null]`:            "[0].field",
	} {
		got := call(t, s, "ci/K8/update-config", body)
		if got.status != 400 || got.env.Status != "FAILURE" || got.env.CorrelationID == "" ||
			len(got.env.Errors) != 1 || got.env.Errors[0].FieldID != field || !strings.Contains(got.env.Message, got.env.Errors[0].Error) {
			t.Errorf("body %q: %d %s", body, got.status, got.body)
		}
	}
	if got := s.Overrides("ci/K8"); len(got) > 0 {
		t.Errorf("a malformed write stored %v", got)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	setQuery := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			query := r.URL.Query()
			query.Set(name, value)
			if value == "" {
				query.Del(name)
			}
			r.URL.RawQuery = query.Encode()
		}
	}
	setHeader := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Del(apiKeyHeader)
			r.Header.Set(name, value)
		}
	}
	setMethod := func(method string) func(*http.Request) { return func(r *http.Request) { r.Method = method } }
	const noEdit = "Missing permission core_account_edit on account"
	for _, c := range []struct {
		name    string
		change  func(*http.Request)
		status  int
		code    string
		message string
	}{
		{"account unknown", setQuery("accountIdentifier", "other"), 404, "ACCOUNT_DOES_NOT_EXIST", "Account other does not exist"},
		{"infra unknown", setQuery("infra", "Docker"), 400, "INVALID_REQUEST", "Config not supported for infra type: Docker"},
		{"infra missing", setQuery("infra", ""), 400, "INVALID_REQUEST", "Config not supported for infra type: "},
		{"wrong key", setHeader(apiKeyHeader, "wrong"), 401, "INVALID_TOKEN", "Token is not valid."},
		{"no credential", func(r *http.Request) { r.Header.Del(apiKeyHeader) }, 401, "INVALID_TOKEN", "Token is not valid."},
		{"wrong token", setHeader("Authorization", "Bearer wrong"), 401, "INVALID_TOKEN", "Token is not valid."},
		{"token without scheme", setHeader("Authorization", s.Options().BearerToken), 401, "INVALID_TOKEN", "Token is not valid."},
		{"key as token", setHeader("Authorization", "Bearer "+s.Options().APIKey), 401, "INVALID_TOKEN", "Token is not valid."},
		{"read-only key", setHeader(apiKeyHeader, s.Options().ReadOnlyKey), 403, "NG_ACCESS_DENIED", noEdit},
		{"wrong method", setMethod(http.MethodPut), 405, "METHOD_NOT_ALLOWED", "HTTP 405 Method Not Allowed"},
		{"write by GET", setMethod(http.MethodGet), 405, "METHOD_NOT_ALLOWED", "HTTP 405 Method Not Allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			req := newCall(t, s, "ci/K8/update-config", update("gitCloneTag", "a:1"))
			c.change(req)
			got := send(t, req)
			want := []responseMessage{{c.code, "ERROR", c.message}}
			if got.status != c.status || got.env.Status != "ERROR" || got.env.Code != c.code || got.env.Message != c.message ||
				got.env.CorrelationID == "" || !cmp.Equal(want, got.env.ResponseMessages) {
				t.Errorf("answer is %d %s", got.status, got.body)
			}
			if stored := s.Overrides("ci/K8"); len(stored) > 0 {
				t.Errorf("it stored %v", stored)
			}
		})
	}
}

func TestAWrongPathIsAFailureWithoutErrors(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	for name, path := range map[string]string{
		"no gateway": "/ci/execution-config/update-config", "module's id for its path": "/gateway/iacm/execution-config/update-config",
		"unknown call": "/gateway/ci/execution-config/delete-config", "double slash": "/gateway//ci/execution-config/update-config",
	} {
		req := newCall(t, s, "ci/K8/update-config", update("gitCloneTag", "a:1"))
		req.URL = &url.URL{Scheme: "http", Host: req.URL.Host, Path: path}
		got := send(t, req)
		want := `{"status":"FAILURE","code":"RESOURCE_NOT_FOUND_EXCEPTION","message":"HTTP 404 Not Found","correlationId":"` +
			got.env.CorrelationID + `","errors":null}`
		if got.status != 400 || got.body != want {
			t.Errorf("%s: %d %s, want %s", name, got.status, got.body, want)
		}
	}
}

func TestBothCredentialsAndTheReadOnlyKeyRead(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	for name, value := range map[string]string{
		"x-api-key": s.Options().APIKey, "X-Api-Key": s.Options().ReadOnlyKey, "Authorization": "Bearer " + s.Options().BearerToken,
	} {
		req := newCall(t, s, "ci/K8/get-default-config", "")
		req.Header = http.Header{}
		req.Header.Set(name, value)
		if got := send(t, req); got.status != 200 {
			t.Errorf("%s %s: %d %s", name, value, got.status, got.body)
		}
	}
	req := newCall(t, s, "ci/K8/update-config", update("gitCloneTag", "a:1"))
	req.Header.Del(apiKeyHeader)
	req.Header.Set("Authorization", "Bearer "+s.Options().BearerToken)
	send(t, req).mustBe(t, "true")
}

func TestEnvelopesHaveExactlyTheDocumentedKeys(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	const message = "Config not supported for infra type: x"
	for _, c := range []struct {
		got  reply
		want string
	}{
		{call(t, s, "ci/K8/get-customer-config", ""), `{"status":"SUCCESS","data":{},"metaData":null,"correlationId":"ID"}`},
		{call(t, s, "ci/x/get-customer-config", ""), `{"status":"ERROR","code":"INVALID_REQUEST","message":"` + message + `",` +
			`"correlationId":"ID","detailedMessage":null,` +
			`"responseMessages":[{"code":"INVALID_REQUEST","level":"ERROR","message":"` + message + `"}],"metadata":null}`},
		{call(t, s, "ci/K8/reset-config", "null"), `{"status":"FAILURE","code":"INVALID_REQUEST",` +
			`"message":"Invalid request: body: must not be null","correlationId":"ID",` +
			`"errors":[{"fieldId":"body","error":"must not be null"}]}`},
	} {
		got := strings.Replace(c.got.body, c.got.env.CorrelationID, "ID", 1)
		if got != c.want || c.got.header.Get("Content-Type") != "application/json" {
			t.Errorf("answer is\n%s, want\n%s", got, c.want)
		}
	}
	first, second := call(t, s, "ci/K8/get-customer-config", ""), call(t, s, "ci/K8/get-customer-config", "")
	if first.env.CorrelationID == second.env.CorrelationID {
		t.Error("two answers have one correlationId")
	}
	if got := s.Requests()[3].CorrelationID; got != first.env.CorrelationID {
		t.Errorf("logged correlationId is %q, answered %q", got, first.env.CorrelationID)
	}
}

func TestAccountsAreSeparate(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{AccountID: "one"})
	s.AddAccount("two")
	call(t, s, "ci/K8/update-config", update("gitCloneTag", "a:1")).mustBe(t, "true")
	req := newCall(t, s, "ci/K8/update-config", update("addonTag", "b:1"))
	req.URL.RawQuery = "accountIdentifier=two&infra=K8"
	send(t, req).mustBe(t, "true")
	s.AddAccount("two") // it stays as it is
	one, two := s.Overrides("ci/K8"), s.OverridesOf("two", "ci/K8")
	if !cmp.Equal(one, map[string]string{"gitCloneTag": "a:1"}) || !cmp.Equal(two, map[string]string{"addonTag": "b:1"}) {
		t.Errorf("one stores %v, two %v", one, two)
	}
}
