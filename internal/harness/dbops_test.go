package harness

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

var dbopsScope = Scope{Module: DBOps}

// dbopsOperations are the calls of Database DevOps.
var dbopsOperations = map[string]operation{
	"get-default-config": func(ctx context.Context, c *Client) error {
		_, err := c.DefaultImages(ctx, dbopsScope)
		return err
	},
	"get-customer-config": func(ctx context.Context, c *Client) error {
		_, err := c.CustomerImages(ctx, dbopsScope, true)
		return err
	},
	"update-config": func(ctx context.Context, c *Client) error {
		return c.UpdateImages(ctx, dbopsScope, map[string]string{"gitCloneTag": "harness/drone-git:1.0.9"})
	},
	"reset-config": func(ctx context.Context, c *Client) error {
		return c.ResetImages(ctx, dbopsScope, []string{"gitCloneTag"})
	},
}

// withDBOps adds the calls of Database DevOps, with a client that knows its base.
func withDBOps(operations map[string]operation) map[string]operation {
	for call, operate := range dbopsOperations {
		operations["dbops "+call] = func(ctx context.Context, c *Client) error {
			c.dbops.Store(c.dbopsBases()[0])
			return operate(ctx, c)
		}
	}
	return operations
}

// callOf returns the call that an operation makes.
func callOf(operation string) string { return strings.TrimPrefix(operation, "dbops ") }

func TestDBOpsWritesAndReadsBareJSON(t *testing.T) {
	t.Parallel()
	for path, underGateway := range map[string]bool{"/v1/dbops/": false, "/gateway/v1/dbops/": true} {
		server, cfg := start(t)
		server.Tune(func(o *fakeharness.Options) { o.DBOpsUnderGateway = underGateway })
		client := New(cfg)
		want := map[string]string{"gitCloneTag": "registry.example.com/drone-git:1"}
		if err := client.UpdateImages(t.Context(), dbopsScope, want); err != nil {
			t.Fatal(err)
		}
		got, err := client.CustomerImages(t.Context(), dbopsScope, true)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if err := client.ResetImages(t.Context(), dbopsScope, []string{"gitCloneTag", "mongoTag", "gitCloneTag"}); err != nil {
			t.Fatal(err)
		}
		defaults, err := client.DefaultImages(t.Context(), dbopsScope)
		if diff := cmp.Diff(server.Defaults("dbops"), defaults); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if left := server.Overrides("dbops"); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
		for _, r := range server.Requests() {
			switch {
			case r.Call == "": // where it is not
				if !underGateway || r.Method != http.MethodGet {
					t.Errorf("asked in vain: %s %s", r.Method, r.Path)
				}
			case !strings.HasPrefix(r.Path, path), r.Account != cfg.AccountID, r.Credential != "api_key",
				strings.Contains(r.Query, "infra"), strings.Contains(r.Query, "accountIdentifier"):
				t.Errorf("%s %s?%s for the account %q", r.Method, r.Path, r.Query, r.Account)
			case r.Call == "reset-config" && string(r.Body) != `["gitCloneTag","mongoTag"]`:
				t.Errorf("reset with %s", r.Body)
			}
		}
	}
}

// Both documented forms of a reset work. The second is sent after a 400 to the first, once a run.
func TestDBOpsTakesBothFormsOfAReset(t *testing.T) {
	t.Parallel()
	for objects, want := range map[bool][]string{
		false: {`["a","mongoTag"]`, `[{"field":"a"},{"field":"mongoTag"}]`, `["gitCloneTag"]`, `["mongoTag"]`},
		true:  {`["a","mongoTag"]`, `[{"field":"a"},{"field":"mongoTag"}]`, `["gitCloneTag"]`, `[{"field":"gitCloneTag"}]`, `[{"field":"mongoTag"}]`},
	} {
		server, cfg := start(t)
		server.Tune(func(o *fakeharness.Options) { o.DBOpsResetObjects, o.BadFieldStatus = objects, http.StatusBadRequest })
		client := New(cfg)
		// A field that is refused says nothing about the form, so both answers are told.
		err := client.ResetImages(t.Context(), dbopsScope, []string{"a", "mongoTag"})
		if err == nil || !IsRefused(err) || !strings.Contains(err.Error(), "Field a does not exist") || !strings.Contains(err.Error(), "Unable to process JSON") {
			t.Errorf("objects %v: %v", objects, err)
		}
		for _, field := range []string{"gitCloneTag", "mongoTag"} {
			server.SetOverride("dbops", field, "a:1")
			if err := client.ResetImages(t.Context(), dbopsScope, []string{field}); err != nil {
				t.Error(err)
			}
		}
		var got []string
		for _, r := range server.Requests() {
			if r.Call == "reset-config" {
				got = append(got, string(r.Body))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || len(server.Overrides("dbops")) > 0 {
			t.Errorf("objects %v: %s", objects, diff)
		}
		if err := client.ResetImages(t.Context(), dbopsScope, nil); err != nil {
			t.Error(err)
		}
	}
}

func TestDBOpsIsLookedForOnceARun(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	server.Tune(func(o *fakeharness.Options) { o.DBOpsUnderGateway = true })
	client := New(cfg)
	for range 3 {
		if _, err := client.CustomerImages(t.Context(), dbopsScope, true); err != nil {
			t.Error(err)
		}
	}
	if n := server.Count(""); n != 4 { // one in vain, and three
		t.Errorf("%d requests", n)
	}
}

// A hang before the base is known delays nobody else, and ends with its caller's context.
func TestDBOpsIsLookedForByEachCallerSeparately(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	hangs := make(chan struct{})
	server.Inject(fakeharness.Fault{Call: "get-default-config", Hang: true, Hook: func(fakeharness.Request) { close(hangs) }})
	client := New(cfg)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := client.DefaultImages(ctx, dbopsScope)
		ended <- err
	}()
	<-hangs
	if _, err := client.CustomerImages(t.Context(), dbopsScope, true); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// notTheAPI are answers of something other than the API, or of the API without such a path.
var notTheAPI = map[string]fakeharness.Fault{
	"a page":             {Body: "<html>"},
	"a page with 403":    {Status: 403, Body: "<html>"},
	"not found":          {Status: 404, Body: `{"message":"no such path"}`},
	"not for reading":    {Status: 405},
	"an envelope":        {Body: `{"status":"SUCCESS","data":{}}`},
	"a redirect":         {Redirect: "https://elsewhere.example.com"},
	"nothing":            {Status: 200},
	"no such path there": {Status: 400, Body: fakeharness.ErrorBody("RESOURCE_NOT_FOUND_EXCEPTION", "HTTP 404 Not Found", "")},
	"the same with 200":  {Body: fakeharness.ErrorBody("RESOURCE_NOT_FOUND_EXCEPTION", "HTTP 404 Not Found", "")},
}

func TestDBOpsSkipsWhatIsNotTheAPI(t *testing.T) {
	t.Parallel()
	for name, fault := range notTheAPI {
		for call, operate := range dbopsOperations {
			server, cfg := start(t)
			server.Tune(func(o *fakeharness.Options) { o.DBOpsUnderGateway = true })
			server.Inject(fault)
			if err := operate(t.Context(), New(cfg)); err != nil {
				t.Errorf("%s, %s: %v", name, call, err)
			}
			if n := server.Count(call); n != 1 {
				t.Errorf("%s, %s: sent %d times", name, call, n)
			}
		}
	}
}

// An outage says nothing about where the API is: the next call looks for it again.
func TestDBOpsIsLookedForAgainAfterAnOutage(t *testing.T) {
	t.Parallel()
	for name, fault := range fleeting {
		for call, operate := range dbopsOperations {
			server, cfg := start(t)
			cfg.MaxRetries = 0
			server.Inject(fault)
			client := New(cfg)
			if err := operate(t.Context(), client); err == nil || IsNotFound(err) || server.Count("") != 1 {
				t.Errorf("%s, %s: %v after %d requests", name, call, err, server.Count(""))
			}
			client.outages.dead = nil
			if err := operate(t.Context(), client); err != nil || server.Count(call) == 0 {
				t.Errorf("%s, %s: %v", name, call, err)
			}
		}
	}
}

// A write that was never sent, because the base was not found, is reported as such: nothing has to be read
// back, split or waited for.
func TestDBOpsWritesNothingBeforeItsBaseIsKnown(t *testing.T) {
	t.Parallel()
	faults := maps.Clone(fleeting)
	faults["400"] = fakeharness.Fault{Status: 400, Body: `{"message":"what is wrong"}`}
	faults["500 in words"] = fakeharness.Fault{Status: 500, Body: `{"message":"what is wrong"}`}
	faults["time-out"] = fakeharness.Fault{Hang: true}
	for name, fault := range faults {
		server, cfg := start(t)
		cfg.MaxRetries, cfg.RequestTimeout = 0, 100*time.Millisecond
		server.Inject(fault)
		attempts := 0
		ctx := WithAttempts(t.Context(), func(Attempt) { attempts++ })
		err := dbopsOperations["update-config"](ctx, New(cfg))
		if !IsNotSent(err) || IsRefused(err) || IsFailedInside(err) || MayStillAct(err) || attempts > 0 || server.Count("writes") > 0 {
			t.Errorf("%s: %#v after %d attempts", name, err, attempts)
		}
		if fault.Body != "" && fault.Body[0] == '{' && !strings.Contains(err.Error(), failure(t, err).Message) {
			t.Errorf("%s: without the server's words: %v", name, err)
		}
	}
}

func TestDBOpsNowhereNamesTheURLsAndTheirAnswers(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	server.Inject(fakeharness.Fault{Body: "<html>Sign in</html>"})
	server.Inject(fakeharness.Fault{Status: 404, Body: `{"message":"no such path"}`})
	err := dbopsOperations["get-customer-config"](t.Context(), New(cfg))
	e := failure(t, err)
	first := "http://" + e.Host + "/v1/dbops/execution-config/get-customer-config"
	second := "http://" + e.Host + "/gateway/v1/dbops/execution-config/get-customer-config"
	want := "Database DevOps was not found: " + first + " answered with HTTP 200, but: A web page came instead of an API " +
		"answer: a proxy is in between, or the endpoint is not that of the API; " + second + " answered with HTTP " +
		"404: no such path"
	if e.Reason() != want || !IsNotFound(err) {
		t.Error(e.Reason())
	}
	var asked []string
	for _, fact := range e.Facts() {
		if fact.Name == "URL" {
			asked = append(asked, fact.Value)
		}
	}
	if diff := cmp.Diff([]string{first, second}, asked); diff != "" {
		t.Error(diff)
	}
}

// Self-managed installations have other hosts, ports and paths; nothing is asked outside the endpoint's.
func TestDBOpsBases(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string][]string{
		"https://app.harness.io/gateway":           {"https://app.harness.io/", "https://app.harness.io/gateway"},
		"https://app.harness.io/gateway/":          {"https://app.harness.io/", "https://app.harness.io/gateway/"},
		"https://harness.corp:8443/gateway":        {"https://harness.corp:8443/", "https://harness.corp:8443/gateway"},
		"https://[2001:db8::1]:8443/tools/gateway": {"https://[2001:db8::1]:8443/tools", "https://[2001:db8::1]:8443/tools/gateway"},
		"https://harness.corp/a%2Fb/gateway":       {"https://harness.corp/a%2Fb", "https://harness.corp/a%2Fb/gateway"},
		"https://harness.corp/my-gateway":          {"https://harness.corp/my-gateway"},
		"https://harness.corp/api":                 {"https://harness.corp/api"},
		"https://harness.corp":                     {"https://harness.corp/"},
		"https://user:secret@harness.corp/gateway": {"https://harness.corp/", "https://harness.corp/gateway"},
	} {
		var got []string
		for _, base := range New(Config{Endpoint: parseURL(t, endpoint)}).dbopsBases() {
			got = append(got, base.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// A message behind a success is an error: no field is called message.
func TestDBOpsReadsOnlyBareSuccesses(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"message":"what is wrong"}`:                           "what is wrong",
		`{"status":"SUCCESS","data":{}}`:                        "an envelope",
		`{"status":"SUCCESS","data":true}`:                      "an envelope",
		`{"status":"SUCCESS"}`:                                  "an envelope",
		fakeharness.ErrorBody("NO_SUCH", "what is wrong", "id"): "what is wrong",
		`{"gitCloneTag":"a/b:1"`:                                "not valid JSON",
		`["gitCloneTag"]`:                                       "a list",
		`false`:                                                 "false",
		`7`:                                                     "a number",
	} {
		for _, call := range []string{"get-customer-config", "update-config"} {
			server, cfg := start(t)
			server.Inject(fakeharness.Fault{Status: 201, Body: body})
			err := operations["dbops "+call](t.Context(), New(cfg))
			if err == nil || !strings.Contains(err.Error(), want) || IsRefused(err) != (want == "what is wrong") {
				t.Errorf("%s: %s: %v", body, call, err)
			}
		}
	}
	server, cfg := start(t)
	server.Inject(fakeharness.Fault{Body: `null`})
	images, err := New(cfg).CustomerImages(t.Context(), dbopsScope, true)
	if err != nil || images == nil || len(images) > 0 {
		t.Errorf("null is no override: %v, %v", images, err)
	}
	server.Inject(fakeharness.Fault{Call: "writes", Body: `null`})
	if err := dbopsOperations["update-config"](t.Context(), New(cfg)); err == nil {
		t.Error("null acknowledges nothing")
	}
}

func TestDBOpsShowsTheServersMessage(t *testing.T) {
	t.Parallel()
	for status, check := range map[int]func(error) bool{401: IsUnauthorized, 403: IsForbidden, 429: IsRateLimited, 500: IsFailedInside} {
		server, cfg := start(t)
		server.Inject(fakeharness.Fault{Status: status, Body: `{"message":"what is wrong"}`, Times: -1})
		_, err := New(cfg).CustomerImages(t.Context(), dbopsScope, true)
		if e := failure(t, err); e.Message != "what is wrong" || !check(err) || !strings.Contains(e.URL, "/v1/dbops/") {
			t.Errorf("%d: %#v", status, e)
		}
		for _, r := range server.Requests() {
			if strings.HasPrefix(r.Path, "/gateway") {
				t.Errorf("%d: asked at %s, too", status, r.Path)
			}
		}
	}
}

func TestDBOpsRefusesAWriteOfAnUnknownField(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	client := New(cfg)
	err := client.UpdateImages(t.Context(), dbopsScope, map[string]string{"noSuchTag": "a/b:1"})
	if !IsFailedInside(err) || server.Count("writes") != 2 {
		t.Errorf("%v after %d writes", err, server.Count("writes"))
	}
	server.Tune(func(o *fakeharness.Options) { o.BadFieldStatus = 400 })
	err = client.UpdateImages(t.Context(), dbopsScope, map[string]string{"noSuchTag": "a/b:1"})
	if !IsRefused(err) || !strings.Contains(err.Error(), "noSuchTag") {
		t.Error(err)
	}
	if _, err := client.DefaultImages(t.Context(), Scope{Module: DBOps, Infra: K8}); err == nil {
		t.Error("Database DevOps has no infra")
	}
}
