package fakeharness

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

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
