package transport

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

const (
	low  = 500 * time.Millisecond
	high = 30 * time.Second
)

var usual = Policy{WaitMin: low, WaitMax: high}

func TestRetryAfterIsClamped(t *testing.T) {
	t.Parallel()
	now := time.Date(1994, time.November, 6, 8, 49, 37, 0, time.UTC)
	const date, later = "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:57 GMT"
	for value, want := range map[string]time.Duration{
		"20":                            20 * time.Second,
		" 20 ":                          20 * time.Second,
		later:                           20 * time.Second,
		"4294967295":                    longestRetryAfter,
		"Fri, 31 Dec 9999 23:59:59 GMT": longestRetryAfter,
		"Fri, 31 Dec 2100 23:59:59 GMT": longestRetryAfter,
		date:                            0,
		"Mon, 01 Jan 0001 00:00:00 GMT": 0,
		"0":                             0,
		"-5":                            0,
		"99999999999999999999":          0,
		"soon":                          0,
		"":                              0,
	} {
		got, ok := RetryAfter(http.Header{"Retry-After": {value}}, now)
		if got != want || ok != (want > 0) {
			t.Errorf("%q: %s, %v", value, got, ok)
		}
		got, _ = RetryAfter(http.Header{"Retry-After": {value}, "Date": {date}}, now.Add(time.Hour))
		if got != want {
			t.Errorf("%q by the server's clock: %s", value, got)
		}
	}
}

func TestWaitsAreJittered(t *testing.T) {
	t.Parallel()
	for _, resp := range []*http.Response{nil, {StatusCode: 429}, {StatusCode: 429, Header: http.Header{"Retry-After": {"20"}}}} {
		seen := map[time.Duration]bool{}
		for range 50 {
			wait, _ := usual.Wait(0, resp)
			seen[wait] = true
		}
		if len(seen) < 10 {
			t.Errorf("%v: %d different waits in 50", resp, len(seen))
		}
	}
}

func FuzzEveryWaitHasBounds(f *testing.F) {
	for _, value := range []string{"20", "Fri, 31 Dec 9999 23:59:59 GMT", "Monday, 02-Jan-06 15:04:05 GMT", "18446744073709551615", "-1"} {
		f.Add(value, "Sun, 06 Nov 1994 08:49:37 GMT", 3, 429)
		f.Add(value, "", 1<<30, 503)
	}
	f.Fuzz(func(t *testing.T, value, date string, attempt, status int) {
		header := http.Header{"Retry-After": {value}, "Date": {date}}
		after, ok := RetryAfter(header, time.Now())
		if ok != (after > 0) || after > longestRetryAfter {
			t.Errorf("Retry-After %q asks for %s, %v", value, after, ok)
		}
		wait, _ := usual.Wait(attempt, &http.Response{StatusCode: status, Header: header})
		least := low
		if ok {
			least = after // seconds, and so below what is usual
		}
		if wait < min(least, retryAfterFactor*high) || wait > retryAfterFactor*high {
			t.Errorf("waits %s after attempt %d with %v", wait, attempt, header)
		}
	})
}

func TestALongRetryAfterIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for after, want := range map[string]bool{"20": true, "60": true, "61": false, "3600": false} {
		resp := &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {after}}}
		policy := Policy{Max: 1, WaitMin: low, WaitMax: high}
		if _, again := policy.Next(0, resp, nil); again != want {
			t.Errorf("Retry-After %s: again is %v", after, again)
		}
	}
}

func TestATimeoutIsRetriedOnlyWhereItDoesNoHarm(t *testing.T) {
	t.Parallel()
	for _, harmless := range []bool{true, false} {
		policy := Policy{Max: 1, Timeouts: harmless}
		if _, again := policy.Next(0, nil, &TimeoutError{After: time.Second}); again != harmless {
			t.Errorf("again is %v", again)
		}
	}
}

func TestAProxyThatRefusesIsNamed(t *testing.T) {
	t.Parallel()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	t.Cleanup(proxy.Close)
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	tr := New(nil)
	tr.Proxy = http.ProxyURL(at)
	t.Cleanup(tr.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://registry.example.com/v2/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := Marked(tr).RoundTrip(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	if refused, ok := errors.AsType[*ProxyError](err); !ok || refused.Status != http.StatusForbidden || refused.Host != "registry.example.com:443" ||
		!Permanent(err) || !NeverSent(err) {
		t.Errorf("%v", err)
	}
}
