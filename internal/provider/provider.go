// Package provider maps the images that Harness runs builds with to Terraform: schemas, plans and
// diagnostics. How writes are made safe is the business of package execconfig.
package provider

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/harnessci/terraform-provider-harnessci/internal/connector"
	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
	"github.com/harnessci/terraform-provider-harnessci/internal/signatures"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// harnessProvider serves many configurations at once, so it holds none of them.
type harnessProvider struct {
	version string
	getenv  func(string) string
	// tune shortens waits in tests; nil in production.
	tune func(*harness.Config, *execconfig.Options)
}

var (
	_ provider.Provider                  = (*harnessProvider)(nil)
	_ provider.ProviderWithListResources = (*harnessProvider)(nil)
)

// New returns the provider's constructor, for a server. The version is that of the release, such as
// "1.2.3", or "dev".
func New(version string) func() provider.Provider {
	return func() provider.Provider {
		return &harnessProvider{version: version, getenv: os.Getenv}
	}
}

// Metadata names the provider.
func (p *harnessProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "harnessci"
	resp.Version = p.version
}

// Schema describes the provider block.
func (p *harnessProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages the images that Harness CI, IaCM, IDP and Database DevOps run builds with: see what " +
			"runs, pin it, mirror it, and lose no override to a parallel write.",
		Attributes: map[string]schema.Attribute{
			"endpoint": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Base URL of the Harness gateway, for self-managed and vanity hosts. Defaults to the " +
					"environment variable `" + envEndpoint + "`, then to `" + defaultEndpoint + "`.",
			},
			"account_id": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Identifier of the Harness account. Defaults to the environment variable `" + envAccountID +
					"`; one of the two is required.",
			},
			"api_key": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "Personal access token or service account token, sent as `X-API-KEY`. " +
					"Defaults to the environment variable `" + envAPIKey + "`. Exactly one of `api_key` and " +
					"`bearer_token` is required; the configuration takes precedence over the environment.",
			},
			"bearer_token": schema.StringAttribute{
				Optional:            true,
				Sensitive:           true,
				MarkdownDescription: "Bearer token, sent as `Authorization: Bearer`. Defaults to the environment variable `" + envBearerToken + "`.",
			},
			"request_timeout": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Time limit for one attempt of a request, such as `45s` or `2m`. Defaults to `" +
					defaultRequestTimeout.String() + "`.",
			},
			"max_retries": schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: fmt.Sprintf("Maximum number of retries of a request when the server is "+
					"overloaded, unavailable or unreachable, from 0 to %d. Defaults to "+
					"%d.", maxMaxRetries, defaultMaxRetries),
			},
			"skip_field_validation": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether to skip the check at plan time that each `field` exists. Needed for " +
					"a field so new that the Harness defaults do not list it yet. Defaults to `false`.",
			},
			"ca_certificate_file": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Path to a PEM file with CA certificates to trust in addition to the system's.",
			},
			"registries":    registriesAttribute(),
			"verify_images": verifyImagesAttribute(),
			"signatures":    signaturesAttribute(),
		},
	}
}

// Configure checks the provider block and passes on the account that it names.
func (p *harnessProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	settings, known, diags := model.resolve(p.getenv) //nolint:contextcheck // only converts values, and waits for nothing
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	data := &providerData{}
	if known {
		roots, err := readRoots(settings.caCertificateFile)
		if err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("ca_certificate_file"),
				"Invalid provider configuration: ca_certificate_file", text.Sentence(err.Error()))
			return
		}
		data = p.connect(settings, roots, req.TerraformVersion)
		data.command, data.targeted = parentCommand(p.getenv)
	}
	resp.ResourceData, resp.DataSourceData, resp.ListResourceData = data, data, data
}

// connect builds the client and the account from checked settings. It sends nothing.
func (p *harnessProvider) connect(s settings, roots *x509.CertPool, terraformVersion string) *providerData {
	for _, login := range s.registries {
		transport.HideLogin(login.username, login.password)
	}
	config := harness.Config{
		Endpoint:       s.endpoint,
		AccountID:      s.accountID,
		APIKey:         s.apiKey,
		BearerToken:    s.bearerToken,
		RequestTimeout: s.requestTimeout,
		MaxRetries:     s.maxRetries,
		UserAgent:      userAgent(p.version, terraformVersion),
		RootCAs:        roots,
		Log:            logTo(tflog.Debug),
	}
	options := execconfig.Options{Run: parentRun(), Log: config.Log, Warn: logTo(tflog.Warn)}
	if p.tune != nil {
		p.tune(&config, &options)
	}
	options.RequestTimeout = config.RequestTimeout
	client := harness.New(config)
	registries := newRegistryClient(s, registry.Config{
		RootCAs: roots, UserAgent: config.UserAgent, Log: config.Log,
		RequestTimeout: s.requestTimeout, MaxRetries: s.maxRetries,
		RetryWaitMin: config.RetryWaitMin, RetryWaitMax: config.RetryWaitMax,
	})
	account := connector.New(client, connector.Options{Pause: config.RetryWaitMin, Log: logTo(tflog.Info)})
	return &providerData{
		account:             execconfig.New(client, s.endpoint.String()+" "+s.accountID, options),
		client:              client,
		connector:           account,
		accountID:           s.accountID,
		skipFieldValidation: s.skipFieldValidation,
		registry:            registries,
		pulls:               pulls.New(registries, account, s.verifyImages == verifyRequired),
		verifyImages:        s.verifyImages,
		policy:              s.policy,
		policyUnknown:       !s.policyKnown,
	}
}

// newRegistryClient returns nil while the settings of registries are not known.
func newRegistryClient(s settings, config registry.Config) *registry.Client {
	if !s.registriesKnown {
		return nil
	}
	config.Hosts = map[string]registry.Host{}
	for host, login := range s.registries {
		config.Hosts[host] = registry.Host{Username: login.username, Password: login.password, Insecure: login.insecure}
	}
	return registry.New(config)
}

// userAgent names the provider, and the CLI where that is known.
func userAgent(version, terraformVersion string) string {
	agent := "terraform-provider-harnessci/" + version
	if terraformVersion != "" {
		agent += " terraform/" + terraformVersion
	}
	return agent
}

// logTo returns a hook that writes to Terraform's log, at the level of write. No caller passes it a secret,
// but a server may echo one in a message, so every text passes the registry of secrets.
func logTo(write func(context.Context, string, ...map[string]any)) func(context.Context, string, map[string]any) {
	return func(ctx context.Context, msg string, fields map[string]any) {
		shown := make(map[string]any, len(fields))
		for key, value := range fields {
			if said, ok := value.(string); ok {
				value = transport.Redact(said)
			}
			shown[key] = value
		}
		write(ctx, transport.Redact(msg), shown)
	}
}

// readRoots returns the system's CAs and those in a PEM file; nil, which means the system's alone, when no
// file is named.
func readRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	content, err := os.ReadFile(file) //nolint:gosec // the user names the file in the provider block
	if why, ok := errors.AsType[*fs.PathError](err); ok {
		err = why.Err // the path may be anything, such as the certificate itself
	}
	if err != nil {
		return nil, fmt.Errorf("the file cannot be read: %s: %w", text.Quote(file), err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("the system's certificates cannot be read: %w", err)
	}
	return roots, addCertificates(roots, content)
}

// addCertificates adds CAs in PEM form. One whose PEM is broken is an error: left out, its servers would not be trusted.
func addCertificates(roots *x509.CertPool, content []byte) error {
	const begin = "-----BEGIN CERTIFICATE-----"
	begun, whole, added := strings.Count(string(content), begin), 0, 0
	var broken error
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		var all asn1.RawValue
		if _, err := asn1.Unmarshal(block.Bytes, &all); block.Type != "CERTIFICATE" || err != nil {
			continue
		}
		whole++
		if ca, err := x509.ParseCertificate(block.Bytes); err != nil { // bundles have some that Go does not take
			broken = cmp.Or(broken, err)
		} else {
			roots.AddCert(ca)
			added++
		}
	}
	switch {
	case begun == 0:
		return fmt.Errorf("the file contains no PEM certificate (%s)", begin)
	case whole < begun:
		return fmt.Errorf("the PEM of %d of the %d certificates in the file is broken: a line is missing or was changed", begun-whole, begun)
	case added == 0:
		return fmt.Errorf("the file contains no valid certificate: %w", broken)
	}
	return nil
}

// Resources returns the constructors of the resources.
func (p *harnessProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		newImageConnectorResource,
		newImageCopyResource,
		newImageOverrideResource,
		newImageOverridesResource,
	}
}

// DataSources returns the constructors of the data sources.
func (p *harnessProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newCustomerImagesDataSource,
		newDefaultImagesDataSource,
		newImageConnectorDataSource,
		newImageCatalogDataSource,
		newImageReleasesDataSource,
		newImageStatusDataSource,
		newRegistryImageDataSource,
	}
}

// ListResources returns the constructors of the list resources.
func (p *harnessProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{newImageOverrideList}
}

// providerData is what the provider's Configure passes to resources and data sources.
type providerData struct {
	// account is nil while a value of the provider's configuration is not known yet.
	account *execconfig.Account
	// plan is who has which override in this run.
	plan                owners.Plan
	client              *harness.Client
	connector           *connector.Account
	accountID           string
	skipFieldValidation bool
	// command is what the CLI runs, as far as that is known.
	command command
	// targeted: the CLI runs for some targets only.
	targeted bool
	// registry is nil while registries in the provider block are not known.
	registry     *registry.Client
	pulls        *pulls.Run
	copies       copyRun
	verifyImages verification
	// policy is what must be signed; empty while it is not known.
	policy        signatures.Policy
	policyUnknown bool
	reported      reported
	findings      findings
}

// known reports whether the provider's configuration is complete, so that the API can be called.
func (d *providerData) known() bool { return d != nil && d.account != nil }

// requireKnown adds an error if an operation needs the API before the configuration is known.
func (d *providerData) requireKnown(operation string, diags *diag.Diagnostics) bool {
	if !d.known() {
		diags.AddError("Could not "+operation+": the provider's configuration is not known yet",
			"A value in the provider block, such as api_key, comes from a resource that has not been applied. "+
				"Apply that resource first (-target), or take the value from a variable.")
	}
	return d.known()
}

// requireRegistries adds an error if an operation needs a registry before the configuration is known.
func (d *providerData) requireRegistries(operation string, diags *diag.Diagnostics) bool {
	known := d != nil && d.registry != nil
	if !known {
		diags.AddError("Could not "+operation+": the provider's configuration is not known yet",
			"A value in the provider block, such as a password in registries, comes from a resource that has not been "+
				"applied. Apply that resource first (-target), or take the value from a variable.")
	}
	return known
}

// notices are warnings about what writes met on this machine, such as a lock; each is given once a run.
func (d *providerData) notices() (diags diag.Diagnostics) {
	for _, notice := range d.account.Notices() {
		diags.AddWarning(notice.Summary, notice.Detail)
	}
	return diags
}

// dataFrom returns what Configure passed on; nil before Configure, when schemas and values are checked.
func dataFrom(handed any, diags *diag.Diagnostics) *providerData {
	data, ok := handed.(*providerData)
	if handed != nil && !ok {
		diags.AddError("Unexpected provider data", fmt.Sprintf("Configure returned a %T. Please report this bug.", handed))
	}
	return data
}

// configuredResource is embedded by resources; it keeps the provider's data.
type configuredResource struct{ data *providerData }

// Configure keeps the provider's data.
func (c *configuredResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	c.data = dataFrom(req.ProviderData, &resp.Diagnostics)
}

// configuredDataSource is embedded by data sources; it keeps the provider's data.
type configuredDataSource struct{ data *providerData }

// Configure keeps the provider's data.
func (c *configuredDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	c.data = dataFrom(req.ProviderData, &resp.Diagnostics)
}
