package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

func TestErrorText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  Error
		want string
	}{
		{
			Error{
				Call: "update-config", Subject: scope, Host: "h", Status: 400, Code: "INVALID_REQUEST",
				Message: "Field x does not exist", CorrelationID: "id-1", Attempts: 1,
			},
			"update-config ci/K8: HTTP 400 INVALID_REQUEST: Field x does not exist (correlationId id-1)",
		},
		{Error{Call: "get-default-config", Host: "h", Status: 403, Attempts: 1}, "get-default-config: HTTP 403 Forbidden"},
		{
			Error{Call: "reset-config", Subject: scope, Host: "h", Err: io.EOF, Attempts: 5},
			"reset-config ci/K8: no answer from h: EOF (5 attempts)",
		},
		{
			Error{Call: "reset-config", Subject: scope, Host: "h", Status: 302, RedirectHost: "login.example.com"},
			"reset-config ci/K8: HTTP 302 Found: redirects to login.example.com are not followed",
		},
		{
			Error{Call: "reset-config", Subject: scope, Status: 503, Code: "C", Message: "later", CorrelationID: "i", Attempts: 2, Err: context.Canceled},
			"reset-config ci/K8: HTTP 503 C: later: context canceled (correlationId i, 2 attempts)",
		},
		{Error{Call: "x", Status: 299}, "x: HTTP 299"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

func TestPredicates(t *testing.T) {
	t.Parallel()
	predicates := map[string]func(error) bool{
		"refused": IsRefused, "not sent": IsNotSent, "unauthorized": IsUnauthorized, "forbidden": IsForbidden,
		"not found": IsNotFound, "rate limited": IsRateLimited, "redirect": IsRedirect, "timeout": IsTimeout,
	}
	for _, test := range []struct {
		err  error
		want string // the predicates that hold
	}{
		{nil, ""},
		{io.EOF, ""},
		{context.DeadlineExceeded, ""},
		{&Error{Status: 302}, "not sent, redirect"},
		{&Error{Status: 400}, "not sent, refused"},
		{&Error{Status: 400, Uncertain: true}, "refused"},
		{&Error{Status: 401}, "not sent, unauthorized"},
		{&Error{Status: 403}, "forbidden, not sent"},
		{&Error{Status: 403, Uncertain: true}, "forbidden"},
		{&Error{Status: 404}, "not found, not sent"},
		{&Error{Status: 409}, "not sent"},
		{&Error{Status: 422}, "not sent, refused"},
		{&Error{Status: 429}, "not sent, rate limited"},
		{&Error{Status: 500}, ""},
		{&Error{Status: 200}, "refused"},
		{&Error{Status: 200, Err: io.EOF}, ""},
		{&Error{Status: 200, Code: "INVALID_TOKEN"}, "unauthorized"},
		{&Error{Status: 200, Code: "EXPIRED_TOKEN"}, "unauthorized"},
		{&Error{Status: 200, Code: "NG_ACCESS_DENIED"}, "forbidden"},
		{&Error{Status: 500, Code: "NG_ACCESS_DENIED"}, ""},
		{&Error{Err: io.EOF}, ""},
		{&Error{Err: context.Canceled}, ""},
		{&Error{Err: context.DeadlineExceeded}, "timeout"},
		{&Error{Err: &transport.TimeoutError{}}, "timeout"},
		{&Error{Err: &transport.UnsentError{Err: io.EOF}}, "not sent"},
		{&Error{Err: &transport.UnsentError{Err: io.EOF}, Uncertain: true}, ""},
	} {
		for _, err := range []error{test.err, fmt.Errorf("wrapped: %w", test.err)} {
			if test.err == nil && err != nil {
				continue
			}
			got := ""
			for _, name := range []string{"forbidden", "not found", "not sent", "rate limited", "redirect", "refused", "timeout", "unauthorized"} {
				if predicates[name](err) {
					if got != "" {
						got += ", "
					}
					got += name
				}
			}
			if got != test.want {
				t.Errorf("%#v: %q, want %q", err, got, test.want)
			}
		}
	}
}

func TestCredentialsThatTheServerRefuses(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	wrong := cfg
	wrong.APIKey = "pat.wrong"
	err := operations["get-default-config"](t.Context(), New(wrong))
	if e := failure(t, err); !IsUnauthorized(err) || e.Code != "INVALID_TOKEN" || e.CorrelationID == "" || e.Attempts != 1 {
		t.Errorf("%#v", e)
	}
	readOnly := cfg
	readOnly.APIKey = server.Options().ReadOnlyKey
	err = operations["update-config"](t.Context(), New(readOnly))
	if e := failure(t, err); !IsForbidden(err) || e.Message != "Missing permission core_account_edit on account" {
		t.Errorf("%#v", e)
	}
	wrong = cfg
	wrong.AccountID = "nobody"
	if err := operations["update-config"](t.Context(), New(wrong)); !IsNotFound(err) {
		t.Error(err)
	}
	if n := server.Count("writes"); n != 2 {
		t.Errorf("%d writes", n)
	}
	server.Tune(func(o *fakeharness.Options) { o.BadFieldStatus = http.StatusBadRequest })
	unknown := map[string]string{"noSuchTag": "x:1"}
	err = New(cfg).UpdateImages(t.Context(), scope, unknown)
	want := fmt.Sprintf("update-config ci/K8: HTTP 400 INVALID_REQUEST: Field noSuchTag does not exist for infra type: K8 (correlationId %s)",
		server.Requests()[len(server.Requests())-1].CorrelationID)
	if !IsRefused(err) || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestErrorUnwraps(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	server.Inject(fakeharness.Fault{Cut: 5, Times: -1})
	if err := operations["get-default-config"](t.Context(), New(cfg)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}

func TestMayStillAct(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  *Error
		want bool
	}{
		"no answer":        {&Error{Uncertain: true}, true},
		"gateway time-out": {&Error{Status: 504, Uncertain: true}, true},
		"bad gateway":      {&Error{Status: 502, Uncertain: true}, true},
		"its own answer":   {&Error{Status: 503, Uncertain: true}, false},
		"never connected":  {&Error{}, false},
	} {
		if got := MayStillAct(test.err); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
