package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// fleeting are the failures that a further attempt can fix.
var fleeting = map[string]fakeharness.Fault{
	"429":                {Status: 429, Body: fakeharness.ErrorBody("TOO_MANY_REQUESTS", "slow down", "id-1")},
	"500 with HTML":      {Status: 500, Body: "<html>Internal Server Error</html>"},
	"502 with HTML":      {Status: 502, Body: "<html>Bad Gateway</html>"},
	"503, empty":         {Status: 503},
	"504":                {Status: 504, Body: "<html>"},
	"507":                {Status: 507},
	"dropped connection": {Drop: true},
	"cut body":           {Cut: 1},
}

func TestFleetingFailuresAreRetried(t *testing.T) {
	t.Parallel()
	for name, fault := range fleeting {
		for call, operation := range operations {
			t.Run(name+" "+call, func(t *testing.T) {
				t.Parallel()
				server, cfg := start(t)
				c := New(cfg)
				twice := fault
				twice.Times = cfg.MaxRetries
				server.Inject(twice)
				if err := operation(t.Context(), c); err != nil {
					t.Fatal(err)
				}
				if n := len(server.Requests()); n != cfg.MaxRetries+1 {
					t.Errorf("%d requests until success", n)
				}
				for _, r := range server.Requests() {
					if string(r.Body) != string(server.Requests()[0].Body) {
						t.Errorf("body %q in a retry", r.Body)
					}
				}
			})
		}
	}
}

func TestRetriesEnd(t *testing.T) {
	t.Parallel()
	for name, fault := range fleeting {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, cfg := start(t)
			fault.Times = -1
			server.Inject(fault)
			err := operations["update-config"](t.Context(), New(cfg))
			e := failure(t, err)
			if n := len(server.Requests()); n != 3 || e.Attempts != 3 {
				t.Errorf("%d requests, %d attempts in the error", n, e.Attempts)
			}
			want := map[string]int{"dropped connection": 0, "cut body": 200}
			status, ok := want[name]
			if !ok {
				status = fault.Status
			}
			if e.Status != status {
				t.Errorf("status %d, want %d", e.Status, status)
			}
			if strings.Contains(fault.Body, "id-1") && (e.Message == "" || e.Code == "" || e.CorrelationID != "id-1") {
				t.Errorf("without the server's words: %#v", e)
			}
			if strings.Contains(fault.Body, "<html>") && !errors.Is(err, errGatewayPage) {
				t.Errorf("no word of the web page: %v", err)
			}
			if status == 0 && e.Err == nil {
				t.Error("no cause")
			}
			if IsNotSent(err) != (status == 429) || IsRefused(err) {
				t.Errorf("not sent: %v, refused: %v", IsNotSent(err), IsRefused(err))
			}
			if IsRateLimited(err) != (status == 429) {
				t.Errorf("rate limited: %v", IsRateLimited(err))
			}
		})
	}
}

// A server that asks to wait for long is not asked again, and the error says for how long.
func TestALongRetryAfterIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for _, status := range []int{429, 503} {
		for call, operation := range operations {
			t.Run(fmt.Sprint(status, " ", call), func(t *testing.T) {
				t.Parallel()
				server, cfg := start(t)
				server.Inject(fakeharness.Fault{Status: status, Times: -1, Header: http.Header{"Retry-After": {"3600"}}})
				c := New(cfg)
				e := failure(t, operation(t.Context(), c))
				if n := len(server.Requests()); n != 1 || e.Attempts != 1 || e.Status != status || e.RetryAfter != time.Hour {
					t.Errorf("%d requests, %#v", n, e)
				}
				e = failure(t, operation(t.Context(), c))
				want := 1
				if call == "update-connector" || call == "test-connector" { // worth every try
					want = 2
				}
				if n := len(server.Requests()); n != want || e.RetryAfter != time.Hour {
					t.Errorf("a second call makes it %d requests, want %d: %#v", n, want, e)
				}
			})
		}
	}
}

func TestFinalAnswersAreNotRetried(t *testing.T) {
	t.Parallel()
	for _, status := range []int{204, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 408, 409, 410, 422, 501} {
		for call, operation := range operations {
			t.Run(fmt.Sprint(status, " ", call), func(t *testing.T) {
				t.Parallel()
				server, cfg := start(t)
				server.Inject(fakeharness.Fault{Status: status, Times: -1})
				err := operation(t.Context(), New(cfg))
				e := failure(t, err)
				want := 1
				if status == http.StatusBadRequest && call == "dbops reset-config" {
					want = 2 // one for each documented form
				}
				if n := len(server.Requests()); n != want || e.Attempts != 1 || e.Status != status {
					t.Errorf("%d requests, %d attempts, status %d", n, e.Attempts, e.Status)
				}
				if e.Call != callOf(call) || e.Host != parseURL(t, server.Endpoint()).Host || e.Credential != "api_key" {
					t.Errorf("%#v", e)
				}
				if want := subjectOf(call); e.Subject != want {
					t.Errorf("subject %v", e.Subject)
				}
				if got, want := e.URL, server.Requests()[0]; !strings.HasSuffix(got, want.Path) || !strings.HasPrefix(got, "http://"+e.Host) {
					t.Errorf("asked %s, but the error says %s", want.Path, got)
				}
				if got, want := IsNotSent(err), status >= 300 && status < 500; got != want {
					t.Errorf("not sent: %v", got)
				}
				if got, want := IsRefused(err), status == 400 || status == 422; got != want {
					t.Errorf("refused: %v", got)
				}
			})
		}
	}
}

func TestRefusedConnection(t *testing.T) {
	t.Parallel()
	_, cfg := start(t)
	cfg.Endpoint = parseURL(t, "http://127.0.0.1:1") // a free port might be another test's by now
	for call, operation := range operations {
		err := operation(t.Context(), New(cfg))
		e := failure(t, err)
		if e.Attempts != 3 || e.Status != 0 || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s: %#v", call, e)
		}
		if !IsNotSent(err) {
			t.Errorf("%s: passes for sent", call)
		}
	}
}

func TestEarlierAttemptsKeepTheOutcomeUncertain(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	server.Inject(fakeharness.Fault{Status: 502, ApplyFirst: true})
	server.Inject(fakeharness.Fault{Status: 403})
	err := operations["update-config"](t.Context(), New(cfg))
	if e := failure(t, err); e.Status != 403 || e.Attempts != 2 || !e.Uncertain {
		t.Errorf("%#v", e)
	}
	if IsNotSent(err) {
		t.Error("the first attempt took effect")
	}
}

func TestWrongHostNameIsNotRetried(t *testing.T) {
	t.Parallel()
	c := answering(t, 4, 0, nil)
	c.http.Transport = roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "h", IsNotFound: true}}
	})
	err := operations["update-config"](t.Context(), c)
	if e := failure(t, err); e.Attempts != 1 || !IsNotSent(err) {
		t.Errorf("%#v", e)
	}
}

func TestNoRetries(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	cfg.MaxRetries = -1
	server.Inject(fakeharness.Fault{Status: 503})
	if e := failure(t, operations["get-default-config"](t.Context(), New(cfg))); e.Attempts != 1 || len(server.Requests()) != 1 {
		t.Errorf("%#v", e)
	}
}

// answering returns a client with production timing and a transport that gives one answer.
func answering(t *testing.T, maxRetries, status int, header http.Header) *Client {
	t.Helper()
	c := New(Config{Endpoint: parseURL(t, "https://app.harness.io/gateway"), APIKey: "pat.test", MaxRetries: maxRetries})
	c.http.Transport = &transport.Attempt{Timeout: time.Second, Limit: defaultMaxAnswer, Next: roundTrip(
		func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(""))}, nil
		})}
	return c
}

// The waits are measured on a clock that jumps ahead when everything waits.
func TestWaitsInProduction(t *testing.T) {
	t.Parallel()
	const date = "Sun, 06 Nov 1994 08:49:37 GMT"
	for name, test := range map[string]struct {
		retries, status int // one is allowed if none is expected
		header          http.Header
		least, most     time.Duration // of the whole call
	}{
		"503, first":        {1, 503, nil, 500 * time.Millisecond, 750 * time.Millisecond},
		"503":               {4, 503, nil, 7500 * time.Millisecond, 11250 * time.Millisecond},
		"503, capped":       {40, 503, nil, (31500 + 34*30000) * time.Millisecond, (47250 + 34*30000) * time.Millisecond},
		"429, first":        {1, 429, nil, 5 * time.Second, 7500 * time.Millisecond},
		"429 outlasts 60 s": {4, 429, nil, 60 * time.Second, 90 * time.Second},
		"429, seconds":      {1, 429, http.Header{"Retry-After": {"20"}}, 20 * time.Second, 23 * time.Second},
		"503, seconds":      {1, 503, http.Header{"Retry-After": {" 20 "}}, 20 * time.Second, 23 * time.Second},
		"date, by the server's clock": {1, 429, http.Header{
			"Retry-After": {"Sun, 06 Nov 1994 08:49:57 GMT"}, "Date": {date},
		}, 20 * time.Second, 23 * time.Second},
		"a minute":    {1, 429, http.Header{"Retry-After": {"60"}}, 60 * time.Second, 60 * time.Second},
		"far":         {0, 429, http.Header{"Retry-After": {"61"}}, 0, 0},
		"far date":    {0, 429, http.Header{"Retry-After": {"Fri, 31 Dec 2100 23:59:59 GMT"}}, 0, 0},
		"past date":   {1, 503, http.Header{"Retry-After": {date}}, 500 * time.Millisecond, 750 * time.Millisecond},
		"zero":        {1, 503, http.Header{"Retry-After": {"0"}}, 500 * time.Millisecond, 750 * time.Millisecond},
		"negative":    {1, 503, http.Header{"Retry-After": {"-5"}}, 500 * time.Millisecond, 750 * time.Millisecond},
		"overflow":    {1, 503, http.Header{"Retry-After": {"99999999999999999999"}}, 500 * time.Millisecond, 750 * time.Millisecond},
		"nonsense":    {1, 503, http.Header{"Retry-After": {"soon"}}, 500 * time.Millisecond, 750 * time.Millisecond},
		"not retried": {0, 400, http.Header{"Retry-After": {"20"}}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := answering(t, max(test.retries, 1), test.status, test.header)
				began := time.Now()
				e := failure(t, operations["get-default-config"](t.Context(), c))
				if took := time.Since(began); took < test.least || took > test.most {
					t.Errorf("took %s, want %s to %s", took, test.least, test.most)
				}
				if want := test.retries + 1; e.Attempts != want {
					t.Errorf("%d attempts, want %d", e.Attempts, want)
				}
			})
		})
	}
}

func TestCancelEndsAWaitAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := answering(t, 4, 429, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second) // within the first wait
		defer cancel()
		began := time.Now()
		err := operations["update-config"](ctx, c)
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %s", took)
		}
		e := failure(t, err)
		if !errors.Is(err, context.DeadlineExceeded) || e.Status != 429 || e.Attempts != 1 || !IsNotSent(err) {
			t.Errorf("%#v", e)
		}
	})
}

// subjectOf returns what a call of the operations is about.
func subjectOf(call string) Subject {
	switch {
	case call != callOf(call):
		return dbopsScope
	case strings.HasSuffix(call, "-connector"):
		return connectorSubject(ImageConnector)
	}
	return scope
}
