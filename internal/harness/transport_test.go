package harness

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

const acknowledged = `{"status":"SUCCESS","data":true}`

// serve starts handle if the fake cannot do what a test needs, plain or as setUp says.
func serve(t *testing.T, handle http.HandlerFunc, setUp func(*httptest.Server)) (*httptest.Server, Config) {
	t.Helper()
	server := httptest.NewUnstartedServer(handle)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if setUp == nil {
		setUp = (*httptest.Server).Start
	}
	setUp(server)
	t.Cleanup(server.Close)
	return server, Config{
		Endpoint: parseURL(t, server.URL+"/gateway"), AccountID: "test-account", APIKey: "pat.test",
		RequestTimeout: 10 * time.Second, MaxRetries: 2, RetryWaitMin: time.Microsecond, RetryWaitMax: time.Millisecond,
	}
}

func TestAttemptTimesOutOnce(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakeharness.Fault{
		"hang":            {Hang: true, Times: -1},
		"slow bytes":      {Drip: 50 * time.Millisecond, Times: -1},
		"slow bytes, 403": {Drip: 50 * time.Millisecond, Times: -1, Status: 403, Body: strings.Repeat(" ", 1000)},
		"hang after act":  {Hang: true, ApplyFirst: true, Times: -1},
	} {
		for _, call := range []string{"update-config", "get-customer-config"} {
			t.Run(name+" "+call, func(t *testing.T) {
				t.Parallel()
				server, cfg := start(t)
				cfg.RequestTimeout = 300 * time.Millisecond
				server.Inject(fault)
				began := time.Now()
				err := operations[call](t.Context(), New(cfg))
				if took := time.Since(began); took < cfg.RequestTimeout || took > 5*time.Second {
					t.Errorf("took %s", took)
				}
				e := failure(t, err)
				if !IsTimeout(err) || e.Attempts != 1 || e.Status != 0 || !strings.Contains(err.Error(), "no complete answer within 300ms") {
					t.Errorf("%v", err)
				}
				if IsNotSent(err) || IsRefused(err) || errors.Is(err, context.DeadlineExceeded) {
					t.Error("passes for unsent, refused or cancelled")
				}
				if n := len(server.Requests()); n != 1 {
					t.Errorf("%d requests: the server may still have been at the first", n)
				}
			})
		}
	}
}

func TestCancelEndsAnAttemptAtOnce(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakeharness.Fault{"hang": {Hang: true}, "slow bytes": {Drip: time.Hour}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, cfg := start(t)
			var logged logRecorder
			cfg.Log = logged.log
			ctx, cancel := context.WithCancel(t.Context())
			var cancelled time.Time
			fault.Hook = func(fakeharness.Request) { cancelled = time.Now(); cancel() }
			server.Inject(fault)
			err := operations["update-config"](ctx, New(cfg))
			if took := time.Since(cancelled); took > time.Second {
				t.Errorf("took %s", took)
			}
			if e := failure(t, err); !errors.Is(err, context.Canceled) || e.Attempts != 1 || len(server.Requests()) != 1 {
				t.Errorf("%#v", e)
			}
			if IsNotSent(err) || IsTimeout(err) {
				t.Errorf("not sent: %v, timed out: %v", IsNotSent(err), IsTimeout(err))
			}
			if entries := logged.all(); len(entries) != 1 || entries[0]["error"] != "context canceled" {
				t.Errorf("logged %v", entries)
			}
		})
	}
}

func TestCancelledBeforeItBegins(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for call, operation := range operations {
		err := operation(ctx, New(cfg))
		if e := failure(t, err); !errors.Is(err, context.Canceled) || e.Attempts != 0 || !IsNotSent(err) {
			t.Errorf("%s: %#v", call, e)
		}
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// Not parallel: it measures what the whole process allocates.
func TestHugeAnswersAreCapped(t *testing.T) {
	for name, fault := range map[string]fakeharness.Fault{
		"200":    {PadTo: 64 << 20, Times: -1},
		"403":    {PadTo: 64 << 20, Times: -1, Status: 403, Body: "{"},
		"dense":  {Body: `{"status":"SUCCESS","errors":[{}` + strings.Repeat(",{}", 2<<20) + `]}`},
		"header": {Header: http.Header{"X-Long": {strings.Repeat("x", 2<<20)}}, Times: -1},
	} {
		server, cfg := start(t)
		cfg.MaxRetries = 0
		most := uint64(100)
		if fault.PadTo > 0 {
			cfg.MaxAnswer, most = 1<<20, 12
		}
		server.Inject(fault)
		c := New(cfg)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := operations["get-default-config"](t.Context(), c)
		runtime.ReadMemStats(&after)
		if n := (after.TotalAlloc - before.TotalAlloc) >> 20; n > most {
			t.Errorf("%s: allocated %d MiB in all", name, n)
		}
		e := failure(t, err)
		if name == "403" && (e.Status != 403 || !IsForbidden(err)) {
			t.Errorf("%v", err)
		}
		if name == "200" && (e.Err == nil || !strings.Contains(e.Err.Error(), "larger than 1 MiB")) {
			t.Errorf("%v", err)
		}
	}
}

func TestCutBodyBehindAFinalStatus(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	server.Inject(fakeharness.Fault{Status: 403, Body: `{"status":"ERROR"}`, Cut: 5, Times: -1})
	err := operations["update-config"](t.Context(), New(cfg))
	if n := len(server.Requests()); n != 1 || !IsForbidden(err) || !IsNotSent(err) {
		t.Errorf("%d requests, %v", n, err)
	}
}

func TestHugeAnswerIsNotRetried(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	cfg.MaxAnswer = 1 << 20
	server.Inject(fakeharness.Fault{PadTo: cfg.MaxAnswer + 1, Times: -1})
	err := operations["update-config"](t.Context(), New(cfg))
	if e := failure(t, err); len(server.Requests()) != 1 || e.Status != 200 || IsRefused(err) || IsNotSent(err) {
		t.Errorf("%d requests, %v", len(server.Requests()), err)
	}
	server.ClearFaults()
	server.Inject(fakeharness.Fault{PadTo: cfg.MaxAnswer})
	if err := operations["update-config"](t.Context(), New(cfg)); err != nil {
		t.Errorf("an answer at the limit: %v", err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	other, _ := start(t)
	otherHost := parseURL(t, other.Endpoint()).Host
	for _, status := range []int{301, 302, 303, 307, 308} {
		for call, operation := range operations {
			server, cfg := start(t)
			ownHost := parseURL(t, server.Endpoint()).Host
			for target, want := range map[string]string{
				other.Endpoint() + "/login?token=secret": "http://" + otherHost,
				"http://u:secret@" + otherHost + "/":     "http://" + otherHost,
				"//login.example.com/":                   "http://login.example.com",
				"/login":                                 "http://" + ownHost,
				"https://" + ownHost + "/gateway":        "https://" + ownHost,
				"http://[::bad":                          "",
			} {
				server.ResetLog()
				server.Inject(fakeharness.Fault{Status: status, Redirect: target})
				err := operation(t.Context(), New(cfg))
				e := failure(t, err)
				if e.Status != status || e.RedirectHost != want || !IsRedirect(err) || !IsNotSent(err) {
					t.Errorf("%s to %q: %#v", call, target, e)
				}
				if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
					t.Errorf("%s to %q: %v", call, target, err)
				}
				if n := len(server.Requests()); n != 1 {
					t.Errorf("%s to %q: %d requests", call, target, n)
				}
			}
		}
	}
	if n := len(other.Requests()); n != 0 {
		t.Errorf("%d requests to where redirects pointed", n)
	}
}

// Not parallel: net/http gives up a connection whose last write it has not recorded within 50 ms.
func TestConnectionIsReused(t *testing.T) {
	var opened atomic.Int32
	server, cfg := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, acknowledged) },
		func(s *httptest.Server) {
			s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					opened.Add(1)
				}
			}
			s.Start()
		})
	c := New(cfg)
	for range 5 {
		if err := operations["update-config"](t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections for 5 calls", n)
	}
	// A connection that the server closed while it was idle is no failure.
	server.CloseClientConnections()
	if err := operations["update-config"](t.Context(), c); err != nil {
		t.Error(err)
	}
	if n := opened.Load(); n != 2 {
		t.Errorf("%d connections", n)
	}
}

// proxyChild makes the test binary the child that TestProxyFromEnvironment starts: net/http reads
// the proxy variables once per process.
const proxyChild = "HARNESS_TEST_PROXY_CHILD"

func TestProxyFromEnvironment(t *testing.T) {
	t.Parallel()
	if endpoint := os.Getenv(proxyChild); endpoint != "" {
		c := New(Config{Endpoint: parseURL(t, endpoint), AccountID: "a", APIKey: "pat.secret"})
		err := operations["update-config"](t.Context(), c)
		t.Logf("not sent: %v, answer: %v", IsNotSent(err), err)
		return
	}
	for name, test := range map[string]struct{ endpoint, proxy, wantMethod, wantOutput string }{
		"http":           {"http://harness.example/gateway", "", "POST http://harness.example/gateway/ci/execution-config/update-config", "not sent: false, answer: <nil>"},
		"https":          {"https://harness.example/gateway", "", "CONNECT //harness.example:443", "I'm a teapot"},
		"no proxy there": {"https://harness.example/gateway", "http://u:hunter2@127.0.0.1:1", "", "not sent: true, answer: update-config ci/K8: no answer from harness.example: the connection failed: proxyconnect tcp"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := make(chan string, 10)
			server, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
				target := *r.URL
				target.RawQuery = ""
				if seen <- r.Method + " " + target.String(); r.Method == http.MethodConnect {
					if r.Header.Get("X-Api-Key") != "" {
						t.Error("the proxy got the credential")
					}
					w.WriteHeader(http.StatusTeapot)
					return
				}
				io.WriteString(w, acknowledged)
			}, nil)
			proxy := test.proxy
			if proxy == "" {
				proxy = server.URL
			}
			child := exec.CommandContext(t.Context(), os.Args[0], //nolint:gosec // this test binary
				"-test.run=^TestProxyFromEnvironment$", "-test.v")
			child.Env = append(os.Environ(), proxyChild+"="+test.endpoint, "HTTP_PROXY="+proxy, "HTTPS_PROXY="+proxy, "NO_PROXY=", "no_proxy=")
			out, err := child.CombinedOutput()
			if err != nil || !strings.Contains(string(out), test.wantOutput) {
				t.Errorf("%v\n%s", err, out)
			}
			if bytes.Contains(out, []byte("hunter2")) || bytes.Contains(out, []byte("pat.secret")) {
				t.Errorf("a secret in\n%s", out)
			}
			close(seen)
			if got := <-seen; got != test.wantMethod {
				t.Errorf("the proxy saw %q", got)
			}
		})
	}
}
