package provider

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

func target(field string) execconfig.Target {
	return execconfig.Target{Scope: harness.Scope{Module: harness.CI, Infra: harness.K8}, Field: field}
}

func answered(status int, message string) *harness.Error {
	return &harness.Error{
		Call: "update-config", Subject: target("").Scope, Host: "app.harness.io", URL: "https://app.harness.io/gateway/x", Status: status,
		Code: "SOME_CODE", Message: message, CorrelationID: "corr-1", Credential: "api_key", Attempts: 3,
	}
}

func TestFailureSaysWhatHappenedAndWhatToDo(t *testing.T) {
	t.Parallel()
	redirect := answered(http.StatusFound, "")
	redirect.RedirectHost = "https://login.example.com"
	noAnswer := answered(0, "")
	noAnswer.Err = errors.New("connection refused")
	untrusted := answered(0, "")
	untrusted.Err = fmt.Errorf("handshake: %w", &tls.CertificateVerificationError{Err: errors.New("unknown authority")})
	late := answered(0, "")
	late.Err = context.DeadlineExceeded
	page := answered(http.StatusOK, "")
	page.Err = errors.New("the answer is a web page")
	interrupted := answered(0, "")
	interrupted.Err = context.Canceled
	anonymous := answered(http.StatusServiceUnavailable, "")
	anonymous.CorrelationID = ""
	bearer := answered(http.StatusUnauthorized, "Token is not valid")
	bearer.Credential = "bearer_token"

	unanswered := func(why error) *harness.Error {
		e := answered(0, "")
		e.Err = why
		return e
	}
	silent := func(why error) *registry.Error {
		return &registry.Error{Ref: "reg.example.com/a:1", Host: "reg.example.com", Kind: registry.Unreachable, Err: why}
	}
	refusing := &transport.ProxyError{Proxy: "proxy:3128", Host: "reg.example.com:443", Status: http.StatusForbidden}
	denied := silent(&registry.NoLoginError{Host: "reg.example.com"})
	denied.Kind, denied.Status = registry.Denied, http.StatusUnauthorized
	short := answered(http.StatusTooManyRequests, "")
	short.RetryAfter = time.Second
	long := answered(http.StatusTooManyRequests, "")
	long.RetryAfter = time.Hour
	unknownHost := &net.DNSError{Err: "no such host", Name: "app.harnes.io", IsNotFound: true}

	for name, test := range map[string]struct {
		err   error
		words []string
	}{
		"a proxy":            {unanswered(refusing), []string{"roxy proxy:3128 refused to connect to reg.example.com:443: HTTP 403 Forbidden", "NO_PROXY"}},
		"an unknown host":    {unanswered(unknownHost), []string{"There is no host \"app.harnes.io\"", "VPN"}},
		"no TLS":             {unanswered(http.ErrSchemeMismatch), []string{"speaks plain http", "scheme"}},
		"registry: a proxy":  {silent(refusing), []string{"HTTP 403", "NO_PROXY"}},
		"registry: unknown":  {silent(unknownHost), []string{"There is no host"}},
		"registry: no TLS":   {silent(http.ErrSchemeMismatch), []string{"speaks plain http", "insecure = true"}},
		"registry: no login": {denied, []string{"o login is configured for reg.example.com.", "Add a login for reg.example.com"}},
		"registry: an hour": {
			&registry.Error{Ref: "reg.example.com/a:1", Host: "reg.example.com", Kind: registry.RateLimited, Status: 429, RetryAfter: time.Hour},
			[]string{"reg.example.com asks to wait 1h0m0s. Run again after 20"},
		},
		"registry: 413": {
			&registry.Error{Ref: "reg.example.com/a:1", Host: "reg.example.com", Status: 413}, []string{"client_max_body_size"},
		},
		"a second":     {short, []string{"400 calls a minute"}},
		"an hour":      {long, []string{"Harness asks to wait 1h0m0s. Run again after 20"}},
		"413":          {answered(http.StatusRequestEntityTooLarge, ""), []string{"client_max_body_size"}},
		"400":          {answered(http.StatusBadRequest, "Field x does not exist"), []string{"HTTP 400: Field x does not exist.\n", "stored none of it", "harnessci_default_images"}},
		"401":          {answered(http.StatusUnauthorized, "Token is not valid."), []string{"HTTP 401: Token is not valid.", "api_key", envAPIKey, "expired", "account_id"}},
		"401, token":   {bearer, []string{"bearer_token", envBearerToken}},
		"403":          {answered(http.StatusForbidden, "no"), []string{"account view permission", "account edit permission"}},
		"404":          {answered(http.StatusNotFound, ""), []string{"HTTP 404.", "endpoint", "account_id"}},
		"409":          {answered(http.StatusConflict, "busy"), []string{"Apply again"}},
		"429":          {answered(http.StatusTooManyRequests, ""), []string{"400 calls a minute", "max_retries"}},
		"503":          {answered(http.StatusServiceUnavailable, ""), []string{"HTTP 503", "attempts:", "3", "support with the correlationId."}},
		"503, no id":   {anonymous, []string{"HTTP 503", "support with the time and the call."}},
		"redirect":     {redirect, []string{"to https://login.example.com.", "endpoint", "the credential would go along"}},
		"web page":     {page, []string{"but: The answer is a web page.\n", "proxy or a login page"}},
		"no answer":    {noAnswer, []string{"app.harness.io gave no answer to update-config: Connection refused.", "endpoint", "HTTPS_PROXY"}},
		"untrusted":    {untrusted, []string{"ca_certificate_file"}},
		"late":         {late, []string{"request_timeout"}},
		"interrupted":  {interrupted, []string{"interrupted"}},
		"not stored":   {&execconfig.NotStoredError{Target: target("gitCloneTag"), Sent: "a:1", Held: "a:2", Attempts: 20}, []string{`"a:1"`, `"a:2"`, "another writer"}},
		"uncertain":    {&execconfig.UncertainError{Target: target("gitCloneTag"), Err: answered(503, ""), ReadErr: answered(503, "")}, []string{"may or may not be stored", "Run a plan", "corr-1"}},
		"unverified":   {&execconfig.UnverifiedError{Target: target("gitCloneTag"), Err: answered(403, "no")}, []string{"acknowledged", "account view permission"}},
		"not sent":     {&execconfig.CancelledError{Target: target("gitCloneTag"), Err: context.Canceled}, []string{"What is listed here is unchanged"}},
		"sent":         {&execconfig.CancelledError{Target: target("gitCloneTag"), Sent: true, Err: context.Canceled}, []string{"Run a plan"}},
		"duplicate":    {&owners.DuplicateError{Target: target("gitCloneTag")}, []string{"Two resources"}},
		"conflict":     {&owners.ConflictError{Scope: target("").Scope, Fields: []string{"gitCloneTag"}}, []string{"exclusive set"}},
		"anything":     {errors.New("something else"), []string{"Something else."}},
		"no advice":    {answered(http.StatusTeapot, ""), []string{"HTTP 418."}},
		"envelope 200": {answered(http.StatusOK, "Field x does not exist"), []string{"HTTP 200: Field x does not exist.\n", "stored none of it"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := new(providerData).failure("set the image override", target("gitCloneTag"), test.err)
			if d.Severity() != diag.SeverityError || d.Summary() != "Could not set the image override ci/K8/gitCloneTag" {
				t.Errorf("%s: %s", d.Severity(), d.Summary())
			}
			words := append([]string{"ci", "K8", "gitCloneTag"}, test.words...)
			if call, isCall := test.err.(*harness.Error); isCall { //nolint:errorlint // what the table holds, not what it wraps
				words = append(words, "SOME_CODE", call.CorrelationID)
			}
			for _, word := range words {
				if !strings.Contains(d.Detail(), word) {
					t.Errorf("the detail does not say %q:\n%s", word, d.Detail())
				}
			}
		})
	}
}

// The advice for a write that was refused makes no sense for a read.
func TestFailureOfARefusedRead(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusBadRequest, http.StatusOK} {
		read := answered(status, "no")
		read.Call = "get-default-config"
		detail := new(providerData).failure("read the default images of", ciK8, read).Detail()
		if strings.Contains(detail, "stored") || strings.Contains(detail, "harnessci_default_images") || !strings.Contains(detail, "Nothing was read.") {
			t.Errorf("HTTP %d: %s", status, detail)
		}
	}
}

// Lines that begin with a space are not wrapped by the CLI, so they must be short; the others are
// whole paragraphs, so that the CLI can wrap them to the terminal.
func TestFailureFitsATerminal(t *testing.T) {
	t.Parallel()
	d := new(providerData).failure("set the image override", target("gitCloneTag"), answered(http.StatusForbidden, strings.Repeat("long ", 90)))
	for line := range strings.Lines(d.Detail()) {
		if strings.HasPrefix(line, " ") && len(line) > 76 {
			t.Errorf("this line is cut or overflows: %s", line)
		}
	}
	if got := strings.Count(d.Detail(), "\n\n"); got != 2 {
		t.Errorf("%d blank lines between what happened, the facts and the advice, want 2:\n%s", got, d.Detail())
	}
}

func TestFailureOfAScopeAndOfNothing(t *testing.T) {
	t.Parallel()
	scope := target("").Scope
	if d := new(providerData).failure("read the default images of", scope, errors.New("x")); d.Summary() != "Could not read the default images of ci/K8" ||
		strings.Contains(d.Detail(), "field") {
		t.Errorf("%s: %s", d.Summary(), d.Detail())
	}
	if d := new(providerData).failure("read the image catalog", nil, errors.New("x")); d.Summary() != "Could not read the image catalog" || d.Detail() != "X." {
		t.Errorf("%s: %s", d.Summary(), d.Detail())
	}
}

// strangeError is of an unknown type.
type strangeError struct{ error }

func (strangeError) Reason() string { return "the moon is full" }
func (strangeError) Advice() string { return "Wait a week." }
func (strangeError) Facts() text.Facts {
	return text.Facts{{Name: "module", Value: "another"}, {Name: "tide", Value: "high"}, {Name: "ebb", Value: ""}}
}
func (e strangeError) Unwrap() error { return e.error }

// A new type of error or subject needs no new case: it has its own reason, facts and advice.
func TestFailureLetsErrorsAndSubjectsSpeak(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("while sailing: %w", strangeError{errors.Join(errors.New("x"), answered(http.StatusBadGateway, ""))})
	d := new(providerData).failure("set 2 image overrides of", targets{target("").Scope, []string{"gitCloneTag", "addonTag"}}, err)
	want := `The moon is full.

  module:        ci
  infra:         K8
  field:         gitCloneTag
                 addonTag
  tide:          high
  URL:           https://app.harness.io/gateway/x
  code:          SOME_CODE
  correlationId: corr-1
  attempts:      3

Wait a week.`
	if d.Detail() != want {
		t.Errorf("got:\n%s\n\nwant:\n%s", d.Detail(), want)
	}
}
