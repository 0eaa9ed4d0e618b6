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
