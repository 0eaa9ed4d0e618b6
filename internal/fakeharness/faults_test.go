package fakeharness

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const gatewayPage = "<html><body>503 Service Unavailable</body></html>"

func TestFaultsThatAnswer(t *testing.T) {
	t.Parallel()
	envelope := ErrorBody("SOME_CODE", "no", "some-id")
	for _, c := range []struct {
		name         string
		fault        Fault
		status       int
		contentType  string
		body, header string // header: of Retry-After
		stored       bool
	}{
		{"status", Fault{Status: 502}, 502, "", "", "", false},
		{"HTML", Fault{Status: 503, Body: gatewayPage, Header: http.Header{"Retry-After": {"7"}}}, 503, "text/html", gatewayPage, "7", false},
		{"error behind 200", Fault{Body: envelope}, 200, "application/json", envelope, "", false},
		{"list", Fault{Body: "[]", Header: http.Header{"Content-Type": {"x/y"}}}, 200, "x/y", "[]", "", false},
		{"applied then 503", Fault{Status: 503, Body: gatewayPage, ApplyFirst: true}, 503, "text/html", gatewayPage, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := Start(t, Options{})
			s.Inject(c.fault)
			got := call(t, s, "ci/K8/update-config", update("gitCloneTag", "a:1"))
			if got.status != c.status || got.body != c.body ||
				got.header.Get("Content-Type") != c.contentType || got.header.Get("Retry-After") != c.header {
				t.Errorf("answer is %d %v %q", got.status, got.header, got.body)
			}
			if stored := len(s.Overrides("ci/K8")) > 0; stored != c.stored {
				t.Errorf("stored: %v, want %v", stored, c.stored)
			}
			if logged := s.Requests()[0]; logged.Status != c.status {
				t.Errorf("logged status is %d", logged.Status)
			}
			call(t, s, "ci/K8/update-config", update("gitCloneTag", "a:1")).mustBe(t, "true") // one request is all it hit
		})
	}
}

func TestErrorBodyIsAnErrorEnvelope(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.Inject(Fault{Status: 400, Body: ErrorBody("SOME_CODE", "no", "some-id")})
	got := call(t, s, "ci/K8/get-default-config", "")
	if got.env.Status != "ERROR" || got.env.Code != "SOME_CODE" || got.env.Message != "no" || got.env.CorrelationID != "some-id" {
		t.Errorf("answer is %s", got.body)
	}
}

func TestHeaderAloneLeavesTheAnswer(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.Inject(Fault{Header: http.Header{"X-Extra": {"1"}}})
	got := call(t, s, "ci/K8/get-customer-config", "")
	got.mustBe(t, "{}")
	if got.header.Get("X-Extra") != "1" {
		t.Errorf("headers are %v", got.header)
	}
}

func TestRedirect(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	const target = "https://elsewhere.example/x"
	s.Inject(Fault{Redirect: target})
	s.Inject(Fault{Redirect: target, Status: 307})
	for _, want := range []int{302, 307} {
		got := call(t, s, "ci/K8/update-config", update("gitCloneTag", "a:1"))
		if got.status != want || got.header.Get("Location") != target || len(s.Overrides("ci/K8")) > 0 {
			t.Errorf("answer is %d %v, stored %v", got.status, got.header, s.Overrides("ci/K8"))
		}
	}
}

func TestDropClosesTheConnection(t *testing.T) {
	t.Parallel()
	for _, applied := range []bool{false, true} {
		s := Start(t, Options{})
		s.Inject(Fault{Drop: true, ApplyFirst: applied})
		got, err := try(newCall(t, s, "ci/K8/update-config", update("gitCloneTag", "a:1")))
		if !errors.Is(err, io.EOF) {
			t.Errorf("answer is %d %s, error %v, want an EOF", got.status, got.body, err)
		}
		if stored := len(s.Overrides("ci/K8")) > 0; stored != applied {
			t.Errorf("stored: %v, want %v", stored, applied)
		}
		if logged := s.Requests()[0]; logged.Status != 0 || logged.End.IsZero() {
			t.Errorf("logged status %d, end %v", logged.Status, logged.End)
		}
	}
}

func TestCutEndsTheBodyEarly(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.Inject(Fault{Cut: 9})
	got, err := try(newCall(t, s, "ci/K8/update-config", update("gitCloneTag", "a:1")))
	if !errors.Is(err, io.ErrUnexpectedEOF) || got.status != 200 || got.body != `{"status"` {
		t.Errorf("answer is %d %q, error %v", got.status, got.body, err)
	}
	if len(s.Overrides("ci/K8")) != 1 {
		t.Error("the write was not carried out")
	}
}

func TestHangEndsWithTheClient(t *testing.T) {
	t.Parallel()
	for _, applied := range []bool{false, true} {
		s := Start(t, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		s.Inject(Fault{Hang: true, ApplyFirst: applied, Hook: func(Request) { cancel() }})
		_, err := try(newCall(t, s, "ci/K8/update-config", update("gitCloneTag", "a:1")).WithContext(ctx))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the client ended with %v", err)
		}
		s.Close() // waits for the handler
		if stored := len(s.Overrides("ci/K8")) > 0; stored != applied {
			t.Errorf("stored: %v, want %v", stored, applied)
		}
		if logged := s.Requests()[0]; logged.Status != 0 || logged.End.IsZero() {
			t.Errorf("logged status %d, end %v", logged.Status, logged.End)
		}
	}
}

func TestHangEndsWithTheServer(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{Latency: time.Hour})
	arrived := make(chan struct{}, 2)
	s.Inject(Fault{Call: "update-config", Hang: true, Hook: func(Request) { arrived <- struct{}{} }})
	s.Inject(Fault{Call: "get-customer-config", Hook: func(Request) { arrived <- struct{}{} }}) // waits out the latency
	failed := make(chan error)
	for _, req := range []*http.Request{
		newCall(t, s, "ci/K8/update-config", update("gitCloneTag", "a:1")), newCall(t, s, "ci/K8/get-customer-config", ""),
	} {
		go func() {
			_, err := try(req)
			failed <- err
		}()
		<-arrived
	}
	go s.Close()
	for range 2 {
		if err := <-failed; err == nil {
			t.Error("a closed server answered")
		}
	}
}

func TestDripSendsOneByteAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		s.Inject(Fault{Drip: time.Second})
		got, took := answerTo(t.Context(), s, "/ci/execution-config/get-customer-config", "")
		decode(t, got).mustBe(t, "{}")
		if want := time.Duration(got.Body.Len()) * time.Second; took != want || !got.Flushed {
			t.Errorf("%d bytes took %v, flushed: %v", got.Body.Len(), took, got.Flushed)
		}
	})
	s := Start(t, Options{})
	s.Inject(Fault{Drip: time.Hour, Hook: func(Request) { go s.Close() }})
	if got, err := try(newCall(t, s, "ci/K8/get-customer-config", "")); err == nil {
		t.Errorf("a closed server answered %s", got.body)
	}
}

func TestLieStoresNothing(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.SetOverride("ci/K8", "addonTag", "b:1")
	s.Inject(Fault{Call: "writes", Lie: true, Times: 2})
	call(t, s, "ci/K8/update-config", update("gitCloneTag", "a:1")).mustBe(t, "true")
	call(t, s, "ci/K8/reset-config", `[{"field":"addonTag"}]`).mustBe(t, "true")
	if diff := cmp.Diff(map[string]string{"addonTag": "b:1"}, s.Overrides("ci/K8")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestPadToMakesAnAnswerLong(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.Inject(Fault{PadTo: 1 << 20})
	got := call(t, s, "ci/K8/get-customer-config", "")
	got.mustBe(t, "{}") // white space behind JSON is JSON
	if len(got.body) != 1<<20 || !strings.HasSuffix(got.body, " ") {
		t.Errorf("%d bytes", len(got.body))
	}
	s.Inject(Fault{Body: "[1]", PadTo: 2})
	if got := call(t, s, "ci/K8/get-customer-config", ""); got.body != "[1]" {
		t.Errorf("a body longer than PadTo became %q", got.body)
	}
	// A client that stops reading ends it: no gigabyte is sent or kept.
	s.Inject(Fault{PadTo: 1 << 40})
	resp, err := newHTTPClient().Do(newCall(t, s, "ci/K8/get-customer-config", ""))
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.ContentLength != 1<<40 {
		t.Errorf("length %d, error %v", resp.ContentLength, err)
	}
}

func TestWhichRequestsAFaultHits(t *testing.T) {
	t.Parallel()
	reads := []string{"ci/K8/get-customer-config", "ci/VM/get-customer-config", "ci/K8/get-default-config", "idp/K8/get-customer-config"}
	for _, c := range []struct {
		name   string
		faults []Fault
		want   []int // statuses of reads, sent twice over
	}{
		{"the next", []Fault{{}}, []int{418, 200, 200, 200, 200, 200, 200, 200}},
		{"two", []Fault{{Times: 2}}, []int{418, 418, 200, 200, 200, 200, 200, 200}},
		{"all", []Fault{{Times: -1}}, []int{418, 418, 418, 418, 418, 418, 418, 418}},
		{"after", []Fault{{After: 3, Times: 2}}, []int{200, 200, 200, 418, 418, 200, 200, 200}},
		{"call", []Fault{{Call: "get-default-config", Times: -1}}, []int{200, 200, 418, 200, 200, 200, 418, 200}},
		{"scope", []Fault{{Scope: "ci/K8", Times: -1}}, []int{418, 200, 418, 200, 418, 200, 418, 200}},
		{"call and scope after", []Fault{{Call: "get-customer-config", Scope: "ci/K8", After: 1}}, []int{200, 200, 200, 200, 418, 200, 200, 200}},
		{"no write", []Fault{{Call: "writes", Times: -1}}, []int{200, 200, 200, 200, 200, 200, 200, 200}},
		{"one behind the other", []Fault{{}, {Status: 419}}, []int{418, 419, 200, 200, 200, 200, 200, 200}},
		{"passed on while it waits", []Fault{{After: 1}, {Status: 419}}, []int{419, 418, 200, 200, 200, 200, 200, 200}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := Start(t, Options{})
			for _, f := range c.faults {
				if f.Status == 0 {
					f.Status = 418
				}
				s.Inject(f)
			}
			got := make([]int, 0, len(c.want))
			for range 2 {
				for _, target := range reads {
					got = append(got, call(t, s, target, "").status)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestFaultsComeBeforeTheChecksAndCanBeCleared(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{RateLimit: 1})
	var seen []string
	s.Inject(Fault{Times: -1, Status: 418, Hook: func(r Request) { seen = append(seen, r.Call+" "+r.Scope) }})
	req := newRequestTo(t, s, "/nothing", "")
	req.Header.Del(apiKeyHeader)
	for _, req := range []*http.Request{req, newCall(t, s, "ci/k8/get-default-config", ""), newCall(t, s, "ci/VM/reset-config", "[]")} {
		if got := send(t, req); got.status != 418 {
			t.Errorf("%s: %d", req.URL, got.status)
		}
	}
	if diff := cmp.Diff([]string{" ", "get-default-config ci/K8", "reset-config ci/VM"}, seen); diff != "" {
		t.Errorf("the hook saw (-want +got)\n%s", diff)
	}
	s.ClearFaults()
	call(t, s, "ci/K8/get-customer-config", "").mustBe(t, "{}")
	if got := call(t, s, "ci/K8/get-customer-config", ""); got.status != 429 {
		t.Errorf("the second call beyond a limit of 1: %d", got.status)
	}
}
