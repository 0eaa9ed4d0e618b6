package fakeharness

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOptionsAndEnv(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	opts := s.Options()
	if opts.AccountID != "test-account" || opts.APIKey != "pat.test" || opts.BearerToken != "bearer.test" || opts.ReadOnlyKey == "" {
		t.Errorf("options are %+v", opts)
	}
	want := map[string]string{"HARNESS_ENDPOINT": s.Endpoint(), "HARNESS_ACCOUNT_ID": "test-account", "HARNESS_PLATFORM_API_KEY": "pat.test"}
	if diff := cmp.Diff(want, s.Env()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	u, err := url.Parse(s.Endpoint())
	if err != nil || u.Scheme != "http" || u.Path != "/gateway" || u.Hostname() != "127.0.0.1" || u.Port() == "" {
		t.Errorf("endpoint is %s", s.Endpoint())
	}
}

func TestAServerEndsMoreThanOnce(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.Close()
	s.Close()
	if _, err := try(newCall(t, s, "ci/K8/get-customer-config", "")); err == nil {
		t.Error("a closed server answered")
	}
	if err := s.Serve(); err != nil {
		t.Errorf("Serve on a closed server: %v", err)
	}
}

func TestCloseWaitsForRequests(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	var arrived, saved sync.WaitGroup
	var done atomic.Bool
	arrived.Add(1)
	s.Inject(Fault{BeforeSave: func(Request) {
		arrived.Done()
		<-s.closed
		runtime.Gosched() // gives a Close that does not wait the time to return
		done.Store(true)
	}})
	req := newCall(t, s, "ci/K8/update-config", update("gitCloneTag", "a:1"))
	saved.Go(func() { _, _ = try(req) })
	arrived.Wait()
	s.Close()
	if !done.Load() || len(s.Overrides("ci/K8")) != 1 {
		t.Error("Close returned before the write had ended")
	}
	saved.Wait()
}

func TestCloseEndsEveryWaitOfAHandler(t *testing.T) {
	t.Parallel()
	const target = "/ci/execution-config/get-customer-config"
	for name, fault := range map[string]Fault{"latency": {}, "hang": {Hang: true}, "drip": {Drip: time.Minute}} {
		synctest.Test(t, func(t *testing.T) {
			s := New(Options{Latency: time.Hour})
			s.Inject(fault)
			time.AfterFunc(time.Second, s.Close)
			start := time.Now()
			func() {
				defer func() { _ = recover() }() // how net/http is told to close the connection
				answerTo(t.Context(), s, target, "")
			}()
			if took := time.Since(start); took != time.Second {
				t.Errorf("%s: the handler ended after %v, the server after 1s", name, took)
			}
		})
	}
}

func TestListenSaysWhenItCannot(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	if s.Endpoint() != "" {
		t.Errorf("endpoint before Listen is %q", s.Endpoint())
	}
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	if err := s.Listen(t.Context(), taken.Addr().String()); err == nil {
		t.Error("it listens on an address that is taken")
	}
}

func TestTheHandlerServesElsewhere(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	elsewhere := httptest.NewTLSServer(s)
	t.Cleanup(elsewhere.Close)
	req := newCall(t, s, "ci/K8/get-customer-config", "")
	var err error
	if req.URL, err = url.Parse(elsewhere.URL + basePath + req.URL.RequestURI()); err != nil {
		t.Fatal(err)
	}
	resp, err := elsewhere.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		t.Errorf("status is %d", resp.StatusCode)
	}
}

func TestMapsBelongToTheCaller(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	s.SetOverride("ci/K8", "gitCloneTag", "a:1")
	s.Overrides("ci/K8")["gitCloneTag"] = "changed"
	s.Defaults("ci/K8")["gitCloneTag"] = "changed"
	if s.Overrides("ci/K8")["gitCloneTag"] != "a:1" || s.Defaults("ci/K8")["gitCloneTag"] == "changed" {
		t.Error("the server was changed through a copy")
	}
}

func TestOutsideChanges(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	before := s.Overrides("ci/K8")
	s.SetOverride("ci/K8", "gitCloneTag", "a:1")
	s.SetOverride("ci/K8", "no such field", "b:1")
	s.RemoveOverride("ci/K8", "gitCloneTag")
	s.RemoveOverride("idp/VM", "slackNotify")
	if diff := cmp.Diff(map[string]string{"no such field": "b:1"}, s.Overrides("ci/K8")); diff != "" || len(before) > 0 {
		t.Errorf("(-want +got)\n%s", diff)
	}
	s.SetDefault("ci/K8", "gitCloneTag", "")
	if _, ok := s.Defaults("ci/K8")["gitCloneTag"]; ok || s.Defaults("ci/VM")["gitCloneTag"] == "" {
		t.Error("SetDefault removed the wrong field")
	}
}

func TestMistakesInATestPanic(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	for name, mistake := range map[string]func(){
		"scope":         func() { s.SetOverride("ci/k8", "gitCloneTag", "a:1") },
		"module":        func() { s.Defaults("cd/K8") },
		"no infra":      func() { s.Overrides("ci") },
		"default scope": func() { s.SetDefault("K8", "gitCloneTag", "a:1") },
		"account":       func() { s.OverridesOf("nobody", "ci/K8") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			mistake()
		}()
	}
}
