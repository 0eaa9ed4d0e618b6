package provider

import (
	"encoding/pem"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// complete is an environment that needs no further configuration.
func complete() map[string]string {
	return map[string]string{envAccountID: "env-account", envAPIKey: "env-key"}
}

func resolveWith(model providerModel, env map[string]string) (settings, bool, diag.Diagnostics) {
	return model.resolve(func(name string) string { return env[name] })
}

func TestResolveFillsDefaults(t *testing.T) {
	t.Parallel()
	s, known, diags := resolveWith(providerModel{}, complete())
	if len(diags) != 0 || !known {
		t.Fatalf("known %v, diagnostics %v", known, diags)
	}
	if s.endpoint.String() != defaultEndpoint || s.requestTimeout != 30*time.Second || s.maxRetries != 4 ||
		s.caCertificateFile != "" || s.skipFieldValidation {
		t.Errorf("settings are %+v", s)
	}
	if s.accountID != "env-account" || s.apiKey != "env-key" || s.bearerToken != "" {
		t.Errorf("settings are not the environment's: %+v", s)
	}
}

func TestResolvePrefersTheConfiguration(t *testing.T) {
	t.Parallel()
	env := complete()
	env[envEndpoint], env[envBearerToken] = "https://env.example.com", "env-token"
	s, known, diags := resolveWith(providerModel{
		Endpoint:            types.StringValue("https://harness.example.com/gateway//"),
		AccountID:           types.StringValue("own-account"),
		BearerToken:         types.StringValue("own-token"),
		RequestTimeout:      types.StringValue("1m30s"),
		MaxRetries:          types.Int64Value(0),
		SkipFieldValidation: types.BoolValue(true),
		CACertificateFile:   types.StringValue("ca.pem"),
	}, env)
	if len(diags) != 0 || !known {
		t.Fatalf("known %v, diagnostics %v", known, diags)
	}
	if got := s.endpoint.String(); got != "https://harness.example.com/gateway" {
		t.Errorf("endpoint is %s", got)
	}
	if s.accountID != "own-account" || s.bearerToken != "own-token" || s.requestTimeout != 90*time.Second ||
		s.maxRetries != 0 || !s.skipFieldValidation || s.caCertificateFile != "ca.pem" {
		t.Errorf("settings are %+v", s)
	}
	if s.apiKey != "" {
		t.Error("the environment's api_key is used beside the configuration's bearer_token")
	}
}

func TestResolveErrors(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 10_000)
	for name, test := range map[string]struct {
		model     providerModel
		env       map[string]string // beside complete; "" unsets
		attribute string
		words     []string
	}{
		"endpoint no URL":        {model: providerModel{Endpoint: types.StringValue("https://ho st")}, attribute: "endpoint", words: []string{"not a URL"}},
		"endpoint no scheme":     {model: providerModel{Endpoint: types.StringValue("app.harness.io/gateway")}, attribute: "endpoint", words: []string{"https://"}},
		"endpoint other scheme":  {model: providerModel{Endpoint: types.StringValue("ftp://app.harness.io")}, attribute: "endpoint", words: []string{"https://"}},
		"endpoint no host":       {model: providerModel{Endpoint: types.StringValue("https:///gateway")}, attribute: "endpoint", words: []string{"no host"}},
		"endpoint port only":     {model: providerModel{Endpoint: types.StringValue("https://:8443/gateway")}, attribute: "endpoint", words: []string{"no host"}},
		"endpoint user info":     {model: providerModel{Endpoint: types.StringValue("https://me:hunter2@h/")}, attribute: "endpoint", words: []string{"password"}},
		"endpoint query":         {model: providerModel{Endpoint: types.StringValue("https://h/?a=b")}, attribute: "endpoint", words: []string{"query"}},
		"endpoint bare query":    {model: providerModel{Endpoint: types.StringValue("https://h/?")}, attribute: "endpoint", words: []string{"query"}},
		"endpoint fragment":      {model: providerModel{Endpoint: types.StringValue("https://h/#a")}, attribute: "endpoint", words: []string{"fragment"}},
		"endpoint empty":         {model: providerModel{Endpoint: types.StringValue("")}, attribute: "endpoint", words: []string{"empty"}},
		"endpoint of variable":   {env: map[string]string{envEndpoint: "nonsense"}, attribute: "endpoint", words: []string{envEndpoint}},
		"no account":             {env: map[string]string{envAccountID: ""}, attribute: "account_id", words: []string{"account_id", envAccountID}},
		"empty account":          {model: providerModel{AccountID: types.StringValue("")}, attribute: "account_id", words: []string{"empty"}},
		"account with newline":   {model: providerModel{AccountID: types.StringValue("abc\n")}, attribute: "account_id", words: []string{`"abc\n"`}},
		"account with a slash":   {env: map[string]string{envAccountID: "a/b"}, attribute: "account_id", words: []string{envAccountID}},
		"account is a key":       {model: providerModel{AccountID: types.StringValue("pat.abc.hunter2")}, attribute: "account_id", words: []string{"as API keys do"}},
		"account too long":       {model: providerModel{AccountID: types.StringValue(long)}, attribute: "account_id", words: []string{"128"}},
		"no credential":          {env: map[string]string{envAPIKey: ""}, attribute: "api_key", words: []string{"api_key", "bearer_token", envAPIKey, envBearerToken}},
		"two in configuration":   {model: providerModel{APIKey: types.StringValue("hunter2"), BearerToken: types.StringValue("hunter2")}, attribute: "bearer_token", words: []string{"api_key", "bearer_token"}},
		"two in environment":     {env: map[string]string{envBearerToken: "hunter2"}, attribute: "api_key", words: []string{envAPIKey, envBearerToken}},
		"empty key":              {model: providerModel{APIKey: types.StringValue("")}, attribute: "api_key", words: []string{"empty"}},
		"empty token":            {model: providerModel{BearerToken: types.StringValue("")}, attribute: "bearer_token", words: []string{"empty"}},
		"key with a line break":  {model: providerModel{APIKey: types.StringValue("hunter2\n")}, attribute: "api_key", words: []string{"trimspace"}},
		"token with a space":     {env: map[string]string{envAPIKey: "", envBearerToken: "hunter2 b"}, attribute: "bearer_token", words: []string{envBearerToken}},
		"timeout no duration":    {model: providerModel{RequestTimeout: types.StringValue("30")}, attribute: "request_timeout", words: []string{`"30"`, "30s"}},
		"timeout zero":           {model: providerModel{RequestTimeout: types.StringValue("0s")}, attribute: "request_timeout", words: []string{`"0s"`}},
		"timeout negative":       {model: providerModel{RequestTimeout: types.StringValue("-1s")}, attribute: "request_timeout", words: []string{`"-1s"`}},
		"timeout empty":          {model: providerModel{RequestTimeout: types.StringValue("")}, attribute: "request_timeout", words: []string{"empty"}},
		"retries negative":       {model: providerModel{MaxRetries: types.Int64Value(-1)}, attribute: "max_retries", words: []string{"-1", "between 0 and 20"}},
		"retries too many":       {model: providerModel{MaxRetries: types.Int64Value(21)}, attribute: "max_retries", words: []string{"21", "between 0 and 20"}},
		"certificate file empty": {model: providerModel{CACertificateFile: types.StringValue("")}, attribute: "ca_certificate_file", words: []string{"empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := complete()
			maps.Copy(env, test.env)
			_, _, diags := resolveWith(test.model, env)
			if len(diags) != 1 || !diags.HasError() {
				t.Fatalf("want one error, got %v", diags)
			}
			requireConfigDiagnostic(t, diags[0], test.attribute, test.words...)
		})
	}
}

// requireConfigDiagnostic checks that a diagnostic names an attribute of the provider block, and points at it
// only if no value of it can be a secret, since the CLI quotes what an error points at.
func requireConfigDiagnostic(t *testing.T, d diag.Diagnostic, attribute string, words ...string) {
	t.Helper()
	at, pointed := d.(diag.DiagnosticWithPath)
	if slices.Contains(quotable, attribute) != pointed || pointed && at.Path().String() != attribute || !strings.Contains(d.Summary(), attribute) {
		t.Errorf("%v: points at a value: %v, want %s", d, pointed, attribute)
	}
	requireWords(t, d, words...)
}

// requireDiagnostic checks where a diagnostic points and what it says, and that it contains no secret.
func requireDiagnostic(t *testing.T, d diag.Diagnostic, attribute string, words ...string) {
	t.Helper()
	if at, ok := d.(diag.DiagnosticWithPath); !ok || at.Path().String() != attribute {
		t.Errorf("%v does not point at %s", d, attribute)
	}
	requireWords(t, d, words...)
}

// requireWords checks what a diagnostic says, and that it contains no secret.
func requireWords(t *testing.T, d diag.Diagnostic, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(d.Detail(), word) {
			t.Errorf("the detail does not say %q: %s", word, d.Detail())
		}
	}
	if text := d.Summary() + d.Detail(); strings.Contains(text, "hunter2") || len(text) > 1000 {
		t.Errorf("the text contains a secret or is too long: %s", text)
	}
}

func TestResolveWarnsOfPlainHTTP(t *testing.T) {
	t.Parallel()
	for endpoint, warns := range map[string]bool{
		"http://harness.example.com/gateway": true,
		"http://localhost.example.com":       true,
		"http://localhost:8080/gateway":      false,
		"http://127.0.0.1:8080":              false,
		"http://[::1]:8080":                  false,
		"https://harness.example.com":        false,
	} {
		_, known, diags := resolveWith(providerModel{Endpoint: types.StringValue(endpoint)}, complete())
		if !known || diags.HasError() || (diags.WarningsCount() == 1) != warns {
			t.Errorf("%s: known %v, %v, want a warning: %v", endpoint, known, diags, warns)
		}
		if warns {
			requireConfigDiagnostic(t, diags[0], "endpoint", "plain http")
		}
	}
}

// Unknown values must not break a plan, nor hide existing errors.
func TestResolveUnknown(t *testing.T) {
	t.Parallel()
	unknown := types.StringUnknown()
	for name, test := range map[string]struct {
		model  providerModel
		env    map[string]string
		errors int
	}{
		"endpoint":             {model: providerModel{Endpoint: unknown}, env: complete()},
		"account":              {model: providerModel{AccountID: unknown}, env: map[string]string{envAPIKey: "k"}},
		"key":                  {model: providerModel{APIKey: unknown}, env: map[string]string{envAccountID: "a"}},
		"key beside two":       {model: providerModel{APIKey: unknown, BearerToken: types.StringValue("b")}, env: complete()},
		"token":                {model: providerModel{BearerToken: unknown}, env: complete()},
		"timeout":              {model: providerModel{RequestTimeout: unknown}, env: complete()},
		"retries":              {model: providerModel{MaxRetries: types.Int64Unknown()}, env: complete()},
		"skip":                 {model: providerModel{SkipFieldValidation: types.BoolUnknown()}, env: complete()},
		"certificates":         {model: providerModel{CACertificateFile: unknown}, env: complete()},
		"key, and no account":  {model: providerModel{APIKey: unknown}, errors: 1},
		"key, and bad timeout": {model: providerModel{APIKey: unknown, RequestTimeout: types.StringValue("x")}, env: complete(), errors: 1},
	} {
		if _, known, diags := resolveWith(test.model, test.env); known || diags.ErrorsCount() != test.errors {
			t.Errorf("%s: known %v, want %d errors, got %v", name, known, test.errors, diags)
		}
	}
}

func TestReadRoots(t *testing.T) {
	t.Parallel()
	if roots, err := readRoots(""); roots != nil || err != nil {
		t.Errorf("no file: %v, %v; want the system's CAs, which nil means", roots, err)
	}
	if _, err := readRoots(filepath.Join(t.TempDir(), "absent.pem")); err == nil {
		t.Error("no error for a file that does not exist")
	}
	if _, err := readRoots("-----BEGIN CERTIFICATE-----\n" + strings.Repeat("MIIB", 1000)); err == nil || len(err.Error()) > 300 || strings.Contains(err.Error(), "\n") {
		t.Errorf("error for a certificate in the place of its file is %v", err)
	}
	server := httptest.NewTLSServer(nil)
	server.Close()
	authority := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	lines := strings.SplitAfter(authority, "\n")
	cut := strings.Join(slices.Delete(slices.Clone(lines), 2, 3), "")
	odd := "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
	for content, want := range map[string]string{
		authority + authority:        "",
		"# ours\n" + authority + odd: "", // bundles have some that Go does not take
		"no certificate":             "contains no PEM certificate",
		authority + cut:              "the PEM of 1 of the 2 certificates in the file is broken",
		strings.TrimSuffix(authority, lines[len(lines)-2]): "the PEM of 1 of the 1 certificates",
		odd: "no valid certificate",
	} {
		file := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readRoots(file); err == nil != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("error for %q is %v, want %q", content, err, want)
		}
	}
}
