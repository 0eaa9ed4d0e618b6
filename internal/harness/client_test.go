package harness

import (
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

func TestRequestsAreThoseOfTheAPI(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	c := New(cfg)
	for _, module := range Modules() {
		if module == DBOps {
			continue // see dbops_test.go
		}
		for _, infra := range module.Infras() {
			scope := Scope{Module: module, Infra: infra}
			server.SetDefault(scope.String(), "a", "image:1")
			server.SetDefault(scope.String(), "b", "image:1")
			server.ResetLog()

			if err := c.UpdateImages(t.Context(), scope, map[string]string{"b": "image:2", "a": "image:3"}); err != nil {
				t.Fatal(err)
			}
			if err := c.ResetImages(t.Context(), scope, []string{"b", "b"}); err != nil {
				t.Fatal(err)
			}
			defaults, err := c.DefaultImages(t.Context(), scope)
			if err != nil || defaults["a"] != "image:1" {
				t.Errorf("%s: defaults: %v, %v", scope, defaults, err)
			}
			overrides, err := c.CustomerImages(t.Context(), scope, true)
			if diff := cmp.Diff(map[string]string{"a": "image:3"}, overrides); err != nil || diff != "" {
				t.Errorf("%s: overrides: %v, %s", scope, err, diff)
			}
			merged, err := c.CustomerImages(t.Context(), scope, false)
			if err != nil || merged["a"] != "image:3" || merged["b"] != "image:1" {
				t.Errorf("%s: merged: %v, %v", scope, merged, err)
			}

			type sent struct{ Method, Call, Scope, Account, OverridesOnly, Credential, UserAgent, ContentType, Body string }
			var got []sent
			for _, r := range server.Requests() {
				got = append(got, sent{
					r.Method, r.Call, r.Scope, r.Account, r.OverridesOnly, r.Credential, r.UserAgent,
					r.Header.Get("Content-Type"), string(r.Body),
				})
			}
			base := sent{
				Method: http.MethodGet, Scope: scope.String(), Account: "test-account", Credential: "api_key",
				UserAgent: "terraform-provider-harnessci/test",
			}
			want := []sent{base, base, base, base, base}
			for i, call := range []string{"update-config", "reset-config", "get-default-config", "get-customer-config", "get-customer-config"} {
				want[i].Call = call
			}
			want[0].Method, want[0].ContentType = http.MethodPost, "application/json"
			want[0].Body = `[{"field":"a","value":"image:3"},{"field":"b","value":"image:2"}]`
			want[1].Method, want[1].ContentType = http.MethodPost, "application/json"
			want[1].Body = `[{"field":"b"}]`
			want[3].OverridesOnly, want[4].OverridesOnly = "true", "false"
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: requests (-want +got):\n%s", scope, diff)
			}
		}
	}
}

func TestNothingToWriteSendsNothing(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	c := New(cfg)
	if err := c.UpdateImages(t.Context(), scope, nil); err != nil {
		t.Error(err)
	}
	if err := c.ResetImages(t.Context(), scope, nil); err != nil {
		t.Error(err)
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestBlankValueIsSent(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	if err := New(cfg).UpdateImages(t.Context(), scope, map[string]string{"gitCloneTag": ""}); err != nil {
		t.Fatal(err)
	}
	if body := string(server.Requests()[0].Body); body != `[{"field":"gitCloneTag","value":""}]` {
		t.Error(body)
	}
}

func TestEndpointForms(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	for _, endpoint := range []string{
		server.Endpoint(),
		server.Endpoint() + "/",
		"http://user:secret@" + parseURL(t, server.Endpoint()).Host + "/gateway?account=other#top",
	} {
		server.ResetLog()
		cfg.Endpoint = parseURL(t, endpoint)
		if _, err := New(cfg).DefaultImages(t.Context(), scope); err != nil {
			t.Errorf("%s: %v", endpoint, err)
		}
		for _, r := range server.Requests() {
			if r.Credential != "api_key" || r.Query != "accountIdentifier=test-account&infra=K8" {
				t.Errorf("%s: sent %q with credential %q", endpoint, r.Query, r.Credential)
			}
		}
	}
}

func TestEndpointWithoutAPath(t *testing.T) {
	t.Parallel()
	paths := make(chan string, 1)
	server, cfg := serve(t, func(w http.ResponseWriter, r *http.Request) {
		paths <- r.URL.Path
		io.WriteString(w, acknowledged)
	}, nil)
	var logged logRecorder
	cfg.Endpoint, cfg.Log = parseURL(t, server.URL), logged.log
	if err := operations["update-config"](t.Context(), New(cfg)); err != nil {
		t.Fatal(err)
	}
	if path := <-paths; path != "/ci/execution-config/update-config" || logged.all()[0]["path"] != path {
		t.Errorf("%s, logged as %s", path, logged.all()[0]["path"])
	}
}

func TestBearerToken(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	cfg.APIKey, cfg.BearerToken = "", server.Options().BearerToken
	if err := operations["update-config"](t.Context(), New(cfg)); err != nil {
		t.Fatal(err)
	}
	if got := server.Requests()[0].Credential; got != "bearer_token" {
		t.Errorf("credential %q", got)
	}
	server.Inject(fakeharness.Fault{Status: 401})
	if e := failure(t, operations["update-config"](t.Context(), New(cfg))); e.Credential != "bearer_token" {
		t.Errorf("credential %q in the error", e.Credential)
	}
}

func TestWhatCannotBeSentIsNotSent(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	badKey := cfg
	badKey.APIKey = "two\nlines"
	for name, err := range map[string]error{
		"module":     New(cfg).UpdateImages(t.Context(), Scope{Module: "cd", Infra: K8}, map[string]string{"a": "b"}),
		"infra":      New(cfg).ResetImages(t.Context(), Scope{Module: CI, Infra: "k8"}, []string{"a"}),
		"credential": operations["update-config"](t.Context(), New(badKey)),
	} {
		e := failure(t, err)
		if !IsNotSent(err) || e.Err == nil || e.Attempts != 0 {
			t.Errorf("%s: %#v", name, e)
		}
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestLogHasOneEntryPerAttempt(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	var logged logRecorder
	cfg.Log = logged.log
	server.Inject(fakeharness.Fault{Status: 503, Body: fakeharness.ErrorBody("UNAVAILABLE", "later", "id-1")})
	server.Inject(fakeharness.Fault{Drop: true})
	if err := operations["update-config"](t.Context(), New(cfg)); err != nil {
		t.Fatal(err)
	}
	entries := logged.all()
	if len(entries) != 3 {
		t.Fatalf("%d entries: %v", len(entries), entries)
	}
	wantStatus := []int{503, 0, 200}
	for i, entry := range entries {
		if d, ok := entry["duration_ms"].(int64); !ok || d < 0 {
			t.Errorf("duration_ms is %v", entry["duration_ms"])
		}
		if (entry["error"] != nil) != (i == 1) {
			t.Errorf("entry %d has the error %v", i+1, entry["error"])
		}
		wantID := map[int]any{0: "id-1", 1: nil, 2: server.Requests()[2].CorrelationID}[i]
		delete(entry, "duration_ms")
		delete(entry, "error")
		want := map[string]any{
			"msg": "Harness API request", "method": "POST", "attempt": i + 1, "status": wantStatus[i],
			"path": "/gateway/ci/execution-config/update-config", "call": "update-config", "module": "ci", "infra": "K8",
		}
		if wantID != nil {
			want["correlation_id"] = wantID
		}
		if diff := cmp.Diff(want, entry); diff != "" {
			t.Errorf("entry %d (-want +got):\n%s", i+1, diff)
		}
	}
}
