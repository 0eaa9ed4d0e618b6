package fakeharness

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// during overrides gitCloneTag of ci/K8 by a:1 and, between the read and the save of that
// write, runs the other function.
func during(t *testing.T, s *Server, other func()) {
	t.Helper()
	inWindow, proceed := make(chan struct{}), make(chan struct{})
	s.Inject(Fault{Call: "writes", BeforeSave: func(Request) {
		close(inWindow)
		<-proceed
	}})
	req, done := newCall(t, s, "ci/K8/update-config", update("gitCloneTag", "a:1")), make(chan struct{})
	var got reply
	var err error
	go func() {
		defer close(done)
		got, err = try(req)
	}()
	<-inWindow
	other()
	close(proceed)
	<-done
	if err != nil {
		t.Fatal(err)
	}
	got.mustBe(t, "true")
}

func TestOfTwoWritesInFlightTheFirstToSaveIsLost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, scope, call, body string            // of the write that saves first
		stored                  map[string]string // in its scope, before the other saves
		kept                    bool
	}{
		{"another field", "ci/K8", "update-config", update("addonTag", "b:1"), map[string]string{"addonTag": "b:1", "s3UploadTag": "s:1"}, false},
		{"a reset", "ci/K8", "reset-config", `[{"field":"s3UploadTag"}]`, map[string]string{}, false},
		{"another infra", "ci/VM", "update-config", update("gitCloneTag", "b:1"), map[string]string{"gitCloneTag": "b:1"}, false},
		{"another module", "idp/K8", "update-config", update("slackNotify", "b:1"), map[string]string{"slackNotify": "b:1"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := Start(t, Options{})
			s.SetOverride("ci/K8", "s3UploadTag", "s:1")
			during(t, s, func() {
				call(t, s, c.scope+"/"+c.call, c.body).mustBe(t, "true")
				if diff := cmp.Diff(c.stored, s.Overrides(c.scope)); diff != "" {
					t.Errorf("in the window: (-want +got)\n%s", diff)
				}
			})
			want := map[string]map[string]string{"ci/K8": {"gitCloneTag": "a:1", "s3UploadTag": "s:1"}, "ci/VM": {}, "idp/K8": {}}
			if c.kept {
				want[c.scope] = c.stored
			}
			for scope, stored := range want {
				if diff := cmp.Diff(stored, s.Overrides(scope)); diff != "" {
					t.Errorf("%s at the end: (-want +got)\n%s", scope, diff)
				}
			}
			if got := s.MaxWritesInFlight(); got != 2 {
				t.Errorf("%d writes in flight at once, want 2", got)
			}
		})
	}
}

func TestAnOutsideChangeInTheWindowIsLost(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	during(t, s, func() {
		s.SetOverride("ci/K8", "addonTag", "b:1")
		call(t, s, "ci/K8/get-customer-config", "").mustBe(t, `{"addonTag":"b:1"}`) // a read is never blocked
	})
	if diff := cmp.Diff(map[string]string{"gitCloneTag": "a:1"}, s.Overrides("ci/K8")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWritesInFlightAreCountedPerAccount(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.AddAccount("other")
	for range 3 {
		call(t, s, "ci/K8/update-config", update("gitCloneTag", "a:1")).mustBe(t, "true")
	}
	during(t, s, func() {
		req := newCall(t, s, "ci/K8/update-config", update("gitCloneTag", "b:1"))
		req.URL.RawQuery = "accountIdentifier=other&infra=K8"
		send(t, req).mustBe(t, "true")
	})
	if got := s.MaxWritesInFlight(); got != 1 {
		t.Errorf("%d writes in flight at once, want 1: the other write was another account's", got)
	}
	during(t, s, func() {
		if got := call(t, s, "iacm/VM/reset-config", `[{"field":"nope"}]`); got.status != 500 {
			t.Errorf("answer is %d", got.status)
		}
	})
	if got := s.MaxWritesInFlight(); got != 2 {
		t.Errorf("%d writes in flight at once, want 2: a refused write in another module counts", got)
	}
}

// answerTo lets the handler answer on the bubble's clock, without a network.
func answerTo(ctx context.Context, s *Server, target, body string) (*httptest.ResponseRecorder, time.Duration) {
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	path := basePath + target + "?infra=K8&accountIdentifier=" + s.Options().AccountID
	req := newRecorded(ctx, method, path, body)
	req.Header.Set(apiKeyHeader, s.Options().APIKey)
	out, start := httptest.NewRecorder(), time.Now()
	s.ServeHTTP(out, req)
	return out, time.Since(start)
}

func TestTheMiddleHalfOfTheLatencyIsTheWindowOfAWrite(t *testing.T) {
	t.Parallel()
	const latency = 100 * time.Millisecond
	for _, c := range []struct {
		at   time.Duration // of an outside change of another field
		kept bool
	}{{0, true}, {latency/4 - 1, true}, {latency/4 + 1, false}, {latency*3/4 - 1, false}, {latency*3/4 + 1, true}} {
		synctest.Test(t, func(t *testing.T) {
			s := New(Options{Latency: latency})
			time.AfterFunc(c.at, func() { s.SetOverride("ci/K8", "addonTag", "b:1") })
			_, took := answerTo(t.Context(), s, "/ci/execution-config/update-config", update("gitCloneTag", "a:1"))
			if took != latency {
				t.Errorf("the answer took %v", took)
			}
			want := map[string]string{"gitCloneTag": "a:1"}
			if c.kept {
				want["addonTag"] = "b:1"
			}
			if diff := cmp.Diff(want, s.Overrides("ci/K8")); diff != "" {
				t.Errorf("change at %v: (-want +got)\n%s", c.at, diff)
			}
		})
	}
}

func TestWritesHaveTheirOwnLatency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Latency: time.Second, WriteLatency: time.Minute})
		for target, want := range map[string]time.Duration{"get-customer-config": time.Second, "update-config": time.Minute} {
			body := map[string]string{"update-config": "[]"}[target]
			if _, took := answerTo(t.Context(), s, "/ci/execution-config/"+target, body); took != want {
				t.Errorf("%s took %v", target, took)
			}
		}
	})
}

func TestAWriteIsSavedLateAfterItsAnswer(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]Fault{"504": {Status: 504}, "dropped": {Drop: true}, "acknowledged": {}} {
		synctest.Test(t, func(t *testing.T) {
			s := New(Options{})
			fault.SaveLate = 6 * time.Second
			s.Inject(fault)
			func() {
				defer func() { _ = recover() }() // how net/http is told to close the connection
				answerTo(t.Context(), s, "/ci/execution-config/update-config", update("gitCloneTag", "a:1"))
			}()
			answerTo(t.Context(), s, "/ci/execution-config/update-config", update("addonTag", "b:1"))
			if diff := cmp.Diff(map[string]string{"addonTag": "b:1"}, s.Overrides("ci/K8")); diff != "" {
				t.Errorf("%s, before the late save: (-want +got)\n%s", name, diff)
			}
			s.Settle()
			if diff := cmp.Diff(map[string]string{"gitCloneTag": "a:1"}, s.Overrides("ci/K8")); diff != "" {
				t.Errorf("%s, after it: (-want +got)\n%s", name, diff)
			}
			if got := s.MaxWritesInFlight(); got != 2 {
				t.Errorf("%d writes in flight at once, want 2", got)
			}
		})
	}
}

func TestReadsComeFromALaggingReplica(t *testing.T) {
	t.Parallel()
	for every, stale := range map[int][]bool{0: {true, true, true, true}, 2: {false, true, false, true}, 3: {false, false, true, false}} {
		synctest.Test(t, func(t *testing.T) {
			s := New(Options{ReplicaLag: 3 * time.Second, ReplicaEvery: every})
			s.SetOverride("ci/K8", "gitCloneTag", "a:1")
			<-time.NewTimer(time.Minute).C
			s.SetOverride("ci/K8", "gitCloneTag", "b:1")
			for i, behind := range stale {
				want := map[bool]string{true: "a:1", false: "b:1"}[behind]
				got, _ := answerTo(t.Context(), s, "/ci/execution-config/get-customer-config", "")
				if image := decode(t, got).images(t)["gitCloneTag"]; image != want {
					t.Errorf("every %d: read %d shows %s, want %s", every, i, image, want)
				}
			}
			<-time.NewTimer(3 * time.Second).C
			got, _ := answerTo(t.Context(), s, "/ci/execution-config/get-customer-config", "")
			decode(t, got).mustBe(t, `{"gitCloneTag":"b:1"}`)
		})
	}
}

func TestEveryAnswerTakesTheLatency(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Server, *string, *string){
		"read":    func(_ *Server, target, _ *string) { *target = "/ci/execution-config/get-default-config" },
		"refused": func(_ *Server, _, body *string) { *body = "null" },
		"404":     func(_ *Server, target, _ *string) { *target = "/nothing" },
		"fault":   func(s *Server, _, _ *string) { s.Inject(Fault{Status: 503}) },
		"applied": func(s *Server, _, _ *string) { s.Inject(Fault{Status: 503, ApplyFirst: true}) },
	} {
		synctest.Test(t, func(t *testing.T) {
			s := New(Options{Latency: time.Second})
			target, body := "/ci/execution-config/update-config", update("gitCloneTag", "a:1")
			if name == "read" {
				body = ""
			}
			change(s, &target, &body)
			if _, took := answerTo(t.Context(), s, target, body); took != time.Second {
				t.Errorf("%s took %v", name, took)
			}
		})
	}
}

func TestAReadSamplesInTheMiddleOfItsLatency(t *testing.T) {
	t.Parallel()
	for at, want := range map[time.Duration]string{499 * time.Millisecond: `{"addonTag":"b:1"}`, 501 * time.Millisecond: `{}`} {
		synctest.Test(t, func(t *testing.T) {
			s := New(Options{Latency: time.Second})
			time.AfterFunc(at, func() { s.SetOverride("ci/K8", "addonTag", "b:1") })
			got, _ := answerTo(t.Context(), s, "/ci/execution-config/get-customer-config", "")
			decode(t, got).mustBe(t, want)
		})
	}
}

func TestAWriteOutlivesItsClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Latency: time.Second})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		start := time.Now()
		aborted := func() (aborted error) {
			defer func() { aborted, _ = recover().(error) }()
			answerTo(ctx, s, "/ci/execution-config/update-config", update("gitCloneTag", "a:1"))
			return nil
		}()
		if !errors.Is(aborted, http.ErrAbortHandler) {
			t.Errorf("the handler ended with %v", aborted)
		}
		if took := time.Since(start); took != 510*time.Millisecond {
			t.Errorf("it took %v: all but the window between read and save ends with the client", took)
		}
		if diff := cmp.Diff(map[string]string{"gitCloneTag": "a:1"}, s.Overrides("ci/K8")); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if got := s.Requests()[0]; got.Status != 0 || got.End.IsZero() {
			t.Errorf("logged status %d, end %v, of an answer that nobody got", got.Status, got.End)
		}
	})
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{RateLimit: 2, Latency: time.Second})
		get := func(want int) {
			t.Helper()
			got, _ := answerTo(t.Context(), s, "/ci/execution-config/get-customer-config", "")
			if got.Code != want {
				t.Errorf("answer is %d %s, want %d", got.Code, got.Body, want)
			}
			if got.Code == 429 && (decode(t, got).env.Code != "TOO_MANY_REQUESTS" || got.Header()["Retry-After"] != nil) {
				t.Errorf("answer is %v %s", got.Header(), got.Body)
			}
		}
		get(200) // at 0s
		get(200) // at 1s
		get(429)
		<-time.NewTimer(56*time.Second + 999*time.Millisecond).C
		get(429) // at 59.999s: the first call still counts
		get(200) // at 60.999s: the second still counts
		get(200) // at 61.999s
		get(429)

		target := basePath + "/ci/execution-config/get-customer-config?infra=K8&accountIdentifier=test-account"
		req := newRecorded(t.Context(), http.MethodGet, target, "")
		req.Header.Set("Authorization", "Bearer bearer.test")
		other := httptest.NewRecorder()
		s.ServeHTTP(other, req)
		if other.Code != 200 {
			t.Errorf("another credential: %d", other.Code)
		}
	})
}
