package fakeharness

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRequestLog(t *testing.T) {
	t.Parallel()
	var answered []int
	s := Start(t, Options{OnAnswer: func(r Request) { answered = append(answered, r.Status) }})
	body := `[{"field":"s3UploadTag","value":"s:1"},{"field":"addonTag"}]`
	write := newCall(t, s, "ci/k8/update-config", body)
	write.Header.Set("User-Agent", "tester/1")
	write.URL.RawQuery += "&overridesOnly=x"
	send(t, write)
	read := newCall(t, s, "iacm/Docker/get-customer-config", "")
	read.Header = http.Header{"Authorization": {"Bearer " + s.Options().BearerToken}}
	send(t, read)
	none := newRequestTo(t, s, "/nothing", "")
	none.Header = http.Header{}
	send(t, none)
	both := newRequestTo(t, s, "/ci/execution-config/get-customer-config", "")
	both.Header.Set("Authorization", "Basic c2VjcmV0")
	send(t, both)

	type entry struct {
		Method, Path, Call, Scope, Account, OverridesOnly, Credential, Body string
		Fields                                                              []string
		Status                                                              int
	}
	requests := s.Requests()
	got := make([]entry, 0, len(requests))
	for _, r := range requests {
		got = append(got, entry{r.Method, r.Path, r.Call, r.Scope, r.Account, r.OverridesOnly, r.Credential, string(r.Body), r.Fields, r.Status})
		if r.Start.IsZero() || r.End.Before(r.Start) {
			t.Errorf("%s: from %v to %v", r.Path, r.Start, r.End)
		}
	}
	want := []entry{
		{
			"POST", "/gateway/ci/execution-config/update-config", "update-config", "ci/K8", "test-account", "x", "api_key", body,
			[]string{"s3UploadTag", "addonTag"},
			200,
		},
		{
			"GET", "/gateway/iacm-manager/execution-config/get-customer-config", "get-customer-config", "iacm/Docker", "test-account", "",
			"bearer_token", "", nil, 400,
		},
		{"GET", "/gateway/nothing", "", "", "", "", "", "", nil, 400},
		{"GET", "/gateway/ci/execution-config/get-customer-config", "get-customer-config", "ci", "", "", "both", "", nil, 400},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]int{200, 400, 400, 400}, answered); diff != "" {
		t.Errorf("OnAnswer saw (-want +got)\n%s", diff)
	}
	first := s.Requests()[0]
	if first.UserAgent != "tester/1" || first.Header.Get("User-Agent") != "tester/1" || first.Query != write.URL.RawQuery {
		t.Errorf("user agent %q, query %q", first.UserAgent, first.Query)
	}
}

func TestTheLogContainsNoCredential(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{APIKey: "pat.secret1", BearerToken: "secret2"})
	req := newCall(t, s, "ci/K8/get-default-config", "")
	req.Header.Set("Authorization", "Bearer secret2")
	var hooked string
	s.Inject(Fault{Hook: func(r Request) { hooked = fmt.Sprintf("%+v", r) }})
	send(t, req)
	for _, text := range []string{hooked, fmt.Sprintf("%+v", s.Requests())} {
		if strings.Contains(text, "secret") || strings.Count(text, "[***]") != 2 {
			t.Errorf("credentials are not masked: %s", text)
		}
	}
}

func TestCountAndResetLog(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.SetOverride("ci/K8", "gitCloneTag", "a:1")
	s.RemoveOverride("ci/K8", "gitCloneTag")
	if got := s.Count(""); got != 0 {
		t.Errorf("outside changes made %d entries", got)
	}
	for _, target := range []string{"ci/K8/update-config", "ci/VM/update-config", "idp/K8/reset-config"} {
		call(t, s, target, "[]").mustBe(t, "true")
	}
	call(t, s, "ci/K8/get-customer-config", "").mustBe(t, "{}")
	for wanted, want := range map[string]int{
		"": 4, "writes": 3, "update-config": 2, "reset-config": 1, "get-customer-config": 1, "catalog": 0,
	} {
		if got := s.Count(wanted); got != want {
			t.Errorf("Count(%q) = %d, want %d", wanted, got, want)
		}
	}
	s.ResetLog()
	if s.Count("") != 0 || len(s.Requests()) != 0 {
		t.Error("the log is not empty")
	}
	if got := s.MaxWritesInFlight(); got != 1 {
		t.Errorf("MaxWritesInFlight is %d after ResetLog, want 1", got)
	}
}

func TestRequestsAreCopies(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	call(t, s, "ci/K8/update-config", update("gitCloneTag", "a:1"))
	first := s.Requests()[0]
	first.Fields[0], first.Body[0] = "changed", 'x'
	first.Header.Set("User-Agent", "changed")
	first.Header["Content-Length"][0] = "changed"
	again := s.Requests()[0]
	if again.Fields[0] != "gitCloneTag" || again.Body[0] != '[' ||
		again.Header.Get("User-Agent") == "changed" || again.Header.Get("Content-Length") == "changed" {
		t.Errorf("the log was changed through a copy: %+v", again)
	}
}
