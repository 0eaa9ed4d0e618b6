package provider

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/signatures"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// Defaults of settings that neither the configuration nor the environment sets.
const (
	defaultEndpoint       = "https://app.harness.io/gateway"
	defaultRequestTimeout = 30 * time.Second
	defaultMaxRetries     = 4
	maxMaxRetries         = 20
)

// The environment variables used in place of attributes; the official provider uses the same
// names, except for the bearer token, which it does not have.
const (
	envEndpoint    = "HARNESS_ENDPOINT"
	envAccountID   = "HARNESS_ACCOUNT_ID"
	envAPIKey      = "HARNESS_PLATFORM_API_KEY"
	envBearerToken = "HARNESS_BEARER_TOKEN"
)

var (
	accountIDPattern = text.Regexp(`^[A-Za-z0-9_-]{1,128}$`)
	// credentialPattern is what an HTTP header carries unchanged; tokens contain nothing else.
	credentialPattern = text.Regexp(`^[\x21-\x7e]+$`)
)

// providerModel is the provider block.
type providerModel struct {
	Endpoint            types.String `tfsdk:"endpoint"`
	AccountID           types.String `tfsdk:"account_id"`
	APIKey              types.String `tfsdk:"api_key"`
	BearerToken         types.String `tfsdk:"bearer_token"`
	RequestTimeout      types.String `tfsdk:"request_timeout"`
	MaxRetries          types.Int64  `tfsdk:"max_retries"`
	SkipFieldValidation types.Bool   `tfsdk:"skip_field_validation"`
	CACertificateFile   types.String `tfsdk:"ca_certificate_file"`
	Registries          types.Map    `tfsdk:"registries"`
	VerifyImages        types.String `tfsdk:"verify_images"`
	Signatures          types.Object `tfsdk:"signatures"`
}

// settings is a provider block together with the environment, checked.
type settings struct {
	endpoint            *url.URL
	accountID           string
	apiKey              string // exactly one of apiKey and bearerToken
	bearerToken         string
	requestTimeout      time.Duration
	maxRetries          int
	skipFieldValidation bool
	caCertificateFile   string // "": the system's authorities only
	// registries are the logins by host, as imageref writes it. Until they are known, no registry is
	// contacted.
	registries      map[string]registryLogin
	registriesKnown bool
	verifyImages    verification
	// policy is what must be signed; nothing is stored or copied until it is known.
	policy      signatures.Policy
	policyKnown bool
}

// resolve merges the block and the environment, which it reads through getenv only. known is false while a
// value is not known before apply: the settings are then incomplete, and the other values are checked.
func (m providerModel) resolve(getenv func(string) string) (s settings, known bool, diags diag.Diagnostics) {
	r := resolver{getenv: getenv, known: true}
	s.endpoint = r.endpoint(m.Endpoint)
	s.accountID = r.accountID(m.AccountID)
	s.apiKey, s.bearerToken = r.credential(m.APIKey, m.BearerToken)
	s.requestTimeout = r.requestTimeout(m.RequestTimeout)
	s.maxRetries = r.maxRetries(m.MaxRetries)
	s.caCertificateFile, _ = r.setting("ca_certificate_file", m.CACertificateFile, "")
	s.registries, s.registriesKnown = r.registries(m.Registries)
	s.verifyImages = r.verification(m.VerifyImages)
	s.policy, s.policyKnown = r.signatures(m.Signatures)
	s.skipFieldValidation = m.SkipFieldValidation.ValueBool()
	r.known = r.known && !m.SkipFieldValidation.IsUnknown()
	return s, r.known, r.diags
}

// resolver collects every problem of a block, so that one run shows them all.
type resolver struct {
	getenv func(string) string
	known  bool
	diags  diag.Diagnostics
}

// setting returns an attribute's value, or else that of its environment variable (if it has one), and a
// phrase for where the value came from. An empty variable counts as not set; an empty attribute is an
// error: it is usually a variable that nobody has set.
func (r *resolver) setting(attribute string, value types.String, env string) (set, source string) {
	switch {
	case value.IsUnknown():
		r.known = false
	case !value.IsNull() && value.ValueString() == "":
		r.fail(attribute, "The value is an empty string. Remove the attribute, or set it to null, to use "+
			"its default or the environment.")
	case !value.IsNull():
		return value.ValueString(), "the attribute " + attribute
	case env != "":
		return r.getenv(env), "the environment variable " + env
	}
	return "", ""
}

// quotable are the attributes whose values hold no secret, even by mistake.
var quotable = []string{"request_timeout", "max_retries", "ca_certificate_file", "verify_images"}

// fail records that an attribute's value cannot be used. Where the value may be a secret, the error has no
// path: the CLI would quote the line of the configuration.
func (r *resolver) fail(attribute, detail string) {
	summary := "Invalid provider configuration: " + attribute
	if !slices.Contains(quotable, attribute) {
		r.diags.AddError(summary, detail)
		return
	}
	r.diags.AddAttributeError(path.Root(attribute), summary, detail)
}

// endpoint returns the base URL, without a trailing slash. Messages never show the value, which
// may hold a password.
func (r *resolver) endpoint(value types.String) *url.URL {
	set, source := r.setting("endpoint", value, envEndpoint)
	u, err := url.Parse(cmp.Or(set, defaultEndpoint))
	if problem := endpointProblem(u, err); problem != "" {
		if u != nil && u.User != nil {
			problem += "; use api_key or bearer_token"
		}
		r.fail("endpoint", fmt.Sprintf("The endpoint, as set by %s, %s. It is the base URL of the Harness "+
			"gateway, such as %s.", source, problem, defaultEndpoint))
		return nil
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		r.diags.AddWarning("The endpoint is not encrypted",
			fmt.Sprintf("The endpoint, as set by %s, uses plain http: anyone on the network path to %s can read the "+
				"credential. Use https.", source, u.Hostname()))
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	return u
}

// endpointProblem says why a parsed URL cannot be an endpoint; "" if it can.
func endpointProblem(u *url.URL, err error) string {
	switch {
	case err != nil:
		return "is not a URL"
	case u.Scheme != "https" && u.Scheme != "http":
		return "does not start with https://"
	case u.Hostname() == "":
		return "has no host"
	case u.User != nil:
		return "contains a user name or password"
	case u.RawQuery != "" || u.ForceQuery:
		return "has a query (the part after the question mark)"
	case u.Fragment != "":
		return "has a fragment (the part after the #)"
	}
	return ""
}

// isLoopback reports whether a host is this machine, so that the credential crosses no network.
func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

func (r *resolver) accountID(value types.String) string {
	set, source := r.setting("account_id", value, envAccountID)
	switch {
	case set == "" && value.IsNull():
		r.fail("account_id", fmt.Sprintf("The account is not set. Set the attribute account_id or the "+
			"environment variable %s to the identifier of the Harness account.", envAccountID))
	case set != "" && !accountIDPattern().MatchString(set):
		shown := "is " + text.Quote(set)
		if strings.Contains(set, ".") { // as every API key and token does
			shown = "contains a dot, as API keys do"
		}
		r.fail("account_id", fmt.Sprintf("The account, as set by %s, %s. An account identifier has at most 128 "+
			"letters, digits, hyphens and underscores.", source, shown))
	}
	return set
}

// credential returns the one credential to use. The configuration takes precedence as a whole: with an
// api_key, a bearer token in the environment is ignored.
func (r *resolver) credential(apiKey, bearerToken types.String) (key, token string) {
	keyEnv, tokenEnv := envAPIKey, envBearerToken
	configured := !apiKey.IsNull() || !bearerToken.IsNull()
	if configured {
		keyEnv, tokenEnv = "", ""
	}
	key = r.secret("api_key", apiKey, keyEnv)
	token = r.secret("bearer_token", bearerToken, tokenEnv)
	switch {
	case apiKey.IsUnknown() || bearerToken.IsUnknown():
		// One may still turn out to be null: how many there are is known at apply.
	case !apiKey.IsNull() && !bearerToken.IsNull():
		r.fail("bearer_token", "Both api_key and bearer_token are set. Keep the one that should "+
			"authenticate, and remove the other or set it to null.")
	case key != "" && token != "":
		r.fail("api_key", fmt.Sprintf("The environment sets both %s and %s, and the configuration sets neither api_key nor "+
			"bearer_token. Unset one of the variables, or set one of the attributes: an attribute takes precedence over the "+
			"environment.", envAPIKey, envBearerToken))
	case key == "" && token == "" && !configured:
		r.fail("api_key", fmt.Sprintf("No credential is set. Set the attribute api_key or the environment "+
			"variable %s to a personal access token or a service account token, or the attribute "+
			"bearer_token or the environment variable %s to a bearer token.", envAPIKey, envBearerToken))
	}
	return key, token
}

// secret returns a credential that an HTTP header can carry. Messages never show it.
func (r *resolver) secret(attribute string, value types.String, env string) string {
	set, source := r.setting(attribute, value, env)
	if set != "" && !credentialPattern().MatchString(set) {
		r.fail(attribute, fmt.Sprintf("The credential, as set by %s, contains a space, a line break or another "+
			"character that no token has. The usual cause is a file's trailing newline, which trimspace(file(...)) "+
			"removes.", source))
	}
	return set
}

// requestTimeout returns how long one attempt may take.
func (r *resolver) requestTimeout(value types.String) time.Duration {
	set, _ := r.setting("request_timeout", value, "")
	if set == "" {
		return defaultRequestTimeout
	}
	timeout, err := time.ParseDuration(set)
	if err != nil || timeout <= 0 {
		r.fail("request_timeout", text.Quote(set)+" is not a positive duration, such as 30s or 1m30s.")
	}
	return timeout
}

func (r *resolver) maxRetries(value types.Int64) int {
	r.known = r.known && !value.IsUnknown()
	retries := value.ValueInt64()
	switch {
	case value.IsNull() || value.IsUnknown():
		return defaultMaxRetries
	case retries < 0 || retries > maxMaxRetries:
		r.fail("max_retries", fmt.Sprintf("%d is not between 0 and %d.", retries, maxMaxRetries))
	}
	return int(retries)
}
