package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func validate(t *testing.T, v validator.String, value types.String) diag.Diagnostics {
	t.Helper()
	var resp validator.StringResponse
	v.ValidateString(t.Context(), validator.StringRequest{Path: path.Root("it"), ConfigValue: value}, &resp)
	return resp.Diagnostics
}

func TestValidators(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		validator validator.String
		value     string
		severity  diag.Severity // none: accepted
		words     string
	}{
		{moduleValidator(), "ci", diag.SeverityInvalid, ""},
		{moduleValidator(), "idp", diag.SeverityInvalid, ""},
		{moduleValidator(), "CI", diag.SeverityError, `The module is written "ci", not "CI".`},
		{moduleValidator(), "", diag.SeverityError, `The module is one of "ci", "iacm", "idp", "dbops", not "".`},
		{infraValidator(), "VM", diag.SeverityInvalid, ""},
		{infraValidator(), "k8", diag.SeverityInvalid, ""},
		{infraValidator(), "ecs", diag.SeverityInvalid, ""},
		{infraValidator(), "k9", diag.SeverityError, `The infra is one of "K8", "VM", "ECS", not "k9".`},
		{fieldValidator(), "gitCloneTag", diag.SeverityInvalid, ""},
		{fieldValidator(), strings.Repeat("a", 128), diag.SeverityInvalid, ""},
		{fieldValidator(), strings.Repeat("a", 129), diag.SeverityError, "1 to 128"},
		{fieldValidator(), "a\nb", diag.SeverityError, `"a\nb"`},
		{imageValidator(), "harness/drone-git:1.6.9-rootless", diag.SeverityInvalid, ""},
		{imageValidator(), "localhost:5000/a@sha256:" + strings.Repeat("a", 64), diag.SeverityInvalid, ""},
		// The server may have stored an invalid reference; only a plan can tell.
		{imageValidator(), "Harness/drone-git:1", diag.SeverityInvalid, ""},
		{imageValidator(), "", diag.SeverityError, "blank"},
		{imageValidator(), " \t", diag.SeverityError, "blank"},
	} {
		diags := validate(t, test.validator, types.StringValue(test.value))
		if test.severity == diag.SeverityInvalid {
			if len(diags) != 0 {
				t.Errorf("%q: %v", test.value, diags)
			}
			continue
		}
		if len(diags) != 1 || diags[0].Severity() != test.severity {
			t.Errorf("%q: %v, want one %s", test.value, diags, test.severity)
			continue
		}
		requireDiagnostic(t, diags[0], "it", test.words)
	}
}

func TestValidatorsIgnoreUnknownValues(t *testing.T) {
	t.Parallel()
	for _, v := range []validator.String{moduleValidator(), infraValidator(), fieldValidator(), imageValidator()} {
		if diags := append(validate(t, v, types.StringNull()), validate(t, v, types.StringUnknown())...); len(diags) != 0 {
			t.Errorf("a validator that wants what %s: %v", v.Description(t.Context()), diags)
		}
	}
}

func TestLoginsInValues(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"https://me:pa/ss@host/x": "me:pa/ss", "me:pass@host/a:1": "me:pass", "https://me@host": "", "host:5000/a/b:1": "",
		"a/b:1@sha256:0123": "", "a/b@sha256:0123": "", "": "", "me:p@ss@host": "me:p@ss",
	} {
		if got := loginIn(value); got != want {
			t.Errorf("the login in %q is %q, want %q", value, got, want)
		}
	}
}
