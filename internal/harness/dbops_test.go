package harness

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

var dbopsScope = Scope{Module: DBOps}

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

func TestDBOpsIsLookedForOnceHoweverManyAsk(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	server.Tune(func(o *fakeharness.Options) { o.DBOpsUnderGateway = true })
	client := New(cfg)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := client.CustomerImages(t.Context(), dbopsScope, true); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := server.Count(""); n != 10 { // one in vain, one that finds it, and eight
		t.Errorf("%d requests", n)
	}
}

func TestDBOpsPassesByWhatIsNotTheAPI(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakeharness.Fault{
		"a page":             {Body: "<html>"},
		"a page with 403":    {Status: 403, Body: "<html>"},
		"not found":          {Status: 404, Body: `{"message":"no such path"}`},
		"an envelope":        {Body: `{"status":"SUCCESS","data":{}}`},
		"a redirect":         {Redirect: "https://elsewhere.example.com"},
		"nothing":            {Status: 200},
		"no such path there": {Status: 400, Body: fakeharness.ErrorBody("RESOURCE_NOT_FOUND_EXCEPTION", "HTTP 404 Not Found", "")},
	} {
		server, cfg := start(t)
		server.Tune(func(o *fakeharness.Options) { o.DBOpsUnderGateway = true })
		server.Inject(fault)
		if _, err := New(cfg).DefaultImages(t.Context(), dbopsScope); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDBOpsTellsTheServersMessage(t *testing.T) {
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

func TestDBOpsRefusesAWriteOfWhatItHasNot(t *testing.T) {
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
