package provider

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// An outage may be over by the apply. It is reported once.
func TestCheckPlanGoesOnWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	api := newStub()
	api.err = answered(503, "Try later")
	data := api.data()
	first := data.checkPlan(t.Context(), ciK8, []plannedImage{planned("noSuchTag", "a:1")})
	second := data.checkPlan(t.Context(), ciVM, []plannedImage{planned("vmOnlyTag", "a:1")})
	if len(first) != 1 || first.HasError() {
		t.Fatal(first)
	}
	for _, words := range []string{"Try later", "Run again later", "The plan continues without these checks"} {
		if !strings.Contains(first[0].Detail(), words) {
			t.Errorf("%q does not say %q", first[0].Detail(), words)
		}
	}
	if len(second) != 1 || second.HasError() || second[0].Detail() != "app.harness.io answered with HTTP 503, as explained for ci/K8." {
		t.Error(second)
	}
}

// A cause that fails a read and will fail the apply is an error at plan, once: repeats are warnings that
// CLIs merge.
func TestCheckPlanStopsWhereAnApplyCannotWork(t *testing.T) {
	t.Parallel()
	redirect := answered(http.StatusFound, "")
	redirect.RedirectHost = "https://login.example.com"
	page := answered(http.StatusOK, "")
	page.Err = errors.New("a web page came")
	untrusted := answered(0, "")
	untrusted.Err = &tls.CertificateVerificationError{Err: errors.New("unknown authority")}
	late := answered(0, "")
	late.Err = context.DeadlineExceeded
	for name, test := range map[string]struct {
		err   error
		stops bool
	}{
		"401":                       {answered(http.StatusUnauthorized, "no"), true},
		"403":                       {answered(http.StatusForbidden, "no"), true},
		"404, of an account":        {answered(http.StatusNotFound, "no"), true},
		"400":                       {answered(http.StatusBadRequest, "no"), true},
		"redirect":                  {redirect, true},
		"not the API":               {page, true},
		"a certificate":             {untrusted, true},
		"408":                       {answered(http.StatusRequestTimeout, ""), false},
		"429":                       {answered(http.StatusTooManyRequests, ""), false},
		"500":                       {answered(http.StatusInternalServerError, "no"), false},
		"no answer":                 {late, false},
		"an error behind 200":       {answered(http.StatusOK, "no"), false},
		"interrupted before it all": {context.Canceled, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newStub()
			api.err, api.overridesErr = test.err, test.err
			data := api.data()
			var all diag.Diagnostics
			for _, scope := range []harness.Scope{ciK8, ciVM, ciK8} {
				all = append(all, data.checkPlan(t.Context(), scope, []plannedImage{planned("addonTag", "a:1")})...)
			}
			if all.ErrorsCount() > 1 || all.HasError() != test.stops {
				t.Errorf("%v", all)
			}
		})
	}
}

// The message names what is left unchecked, and nothing else.
func TestCheckPlanSaysWhatItCouldNotCheck(t *testing.T) {
	t.Parallel()
	no := answered(503, "Missing permission")
	for _, test := range []struct {
		defaults, overrides error
		want                string
	}{
		{no, nil, "without these checks: whether the fields exist; how the images compare to the defaults."},
		{nil, no, "without these checks: whether the fields exist; whether an override is taken over."},
		{no, no, "without these checks: whether the fields exist; whether an override is taken over; how the images compare to the defaults."},
	} {
		api := newStub()
		api.err, api.overridesErr = test.defaults, test.overrides
		diags := api.data().checkPlan(t.Context(), ciK8, []plannedImage{planned("addonTag", "a:1")})
		if !containsDetail(diags, test.want) {
			t.Errorf("%v, want %q", diags, test.want)
		}
	}
}
