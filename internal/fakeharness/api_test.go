package fakeharness

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestABlankValueIsKeptAndListedAndCountsAsNotSet(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	for _, blank := range []string{"", " "} {
		call(t, s, "ci/K8/update-config", update("gitCloneTag", blank)).mustBe(t, "true")
		call(t, s, "ci/K8/get-customer-config", "").mustBe(t, `{"gitCloneTag":"`+blank+`"}`)
		req := newCall(t, s, "ci/K8/get-customer-config", "")
		req.URL.RawQuery += "&overridesOnly=false"
		if diff := cmp.Diff(s.Defaults("ci/K8"), send(t, req).images(t)); diff != "" {
			t.Errorf("merged with %q: (-want +got)\n%s", blank, diff)
		}
	}
	for _, none := range []string{`[{"field":"gitCloneTag"}]`, `[{"field":"gitCloneTag","value":null}]`} {
		s.SetOverride("ci/K8", "gitCloneTag", "a:1")
		call(t, s, "ci/K8/update-config", none).mustBe(t, "true")
		call(t, s, "ci/K8/get-customer-config", "").mustBe(t, "{}")
	}
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
	want := `{"code":"UNKNOWN_ERROR","correlationId":"` + got.env.CorrelationID + `","detailedMessage":null,"message":"Oops, ` +
		`something went wrong on our end. Please contact Harness Support.","metadata":null,"responseMessages":[],"status":"ERROR"}`
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
