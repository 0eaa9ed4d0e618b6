package provider

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

// imageCatalogDataSource is harnessci_image_catalog: the repositories of a container registry.
type imageCatalogDataSource struct{ configuredDataSource }

var _ datasource.DataSourceWithConfigure = (*imageCatalogDataSource)(nil)

func newImageCatalogDataSource() datasource.DataSource { return &imageCatalogDataSource{} }

// imageCatalogModel is a harnessci_image_catalog, in configuration and state.
type imageCatalogModel struct {
	RegistryURL  types.String `tfsdk:"registry_url"`
	Repositories []string     `tfsdk:"repositories"`
}

// Metadata names the data source.
func (d *imageCatalogDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_image_catalog"
}

// Schema describes the data source.
func (d *imageCatalogDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the repositories in a container registry's catalog, by default that of the " +
			"Harness registry on the endpoint's host.\n\n~> Harness has deprecated its registry, which may stop " +
			"answering. To see which images builds run, use `harnessci_default_images` or `harnessci_image_status`.",
		Attributes: map[string]schema.Attribute{
			"registry_url": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{registryURLValidator()},
				MarkdownDescription: "Base URL of another registry, such as `https://registry.example.com/v2`, to " +
					"which `/_catalog` is added. Without a path, `/v2` is used. Defaults to `/registry` on the " +
					"endpoint's host. The provider's credential is sent only to the endpoint's own scheme, host " +
					"and port; for another registry, its login in `registries` of the provider block or in " +
					"Docker's config file is used.",
			},
			"repositories": schema.ListAttribute{
				Computed:            true,
				ElementType:         types.StringType,
				MarkdownDescription: "Repositories without tags, such as `harness/ci-addon`, sorted.",
			},
		},
	}
}

// registryURLValidator accepts what can be a registry. Messages never show the value, which may contain a
// password.
func registryURLValidator() validator.String {
	return stringCheck{"is the base URL of a registry", errorCheck("registry URL", func(value string) error {
		u, err := url.Parse(value)
		if problem := endpointProblem(u, err); problem != "" {
			return errors.New("the registry URL " + problem)
		}
		return nil
	})}
}

// Read asks the registry for its repositories.
func (d *imageCatalogDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model imageCatalogModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.data.requireKnown("read the image catalog", &resp.Diagnostics) {
		return
	}
	var base *url.URL
	if !model.RegistryURL.IsNull() {
		base, _ = url.Parse(model.RegistryURL.ValueString()) // the validator has parsed it
	}
	repositories, err := d.repositories(ctx, base)
	if err != nil {
		problem := d.data.failure("read the image catalog", nil, catalogError{err, base})
		if base != nil {
			problem = diag.WithPath(path.Root("registry_url"), problem)
		}
		resp.Diagnostics.Append(problem)
		return
	}
	model.Repositories = repositories
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// repositories lists a registry; nil is the endpoint's. One with its catalog where registries have it is
// asked with its own login, any other URL without one.
func (d *imageCatalogDataSource) repositories(ctx context.Context, base *url.URL) ([]string, error) {
	if base == nil || d.data.registry == nil || !isRegistryRoot(base) || d.data.client.IsEndpoint(base) {
		return d.data.client.Catalog(ctx, base)
	}
	return d.data.registry.Catalog(ctx, base.Host)
}

// isRegistryRoot reports whether a URL's catalog is that of a whole registry, with the scheme that its
// client would use.
func isRegistryRoot(base *url.URL) bool {
	switch strings.Trim(base.Path, "/") {
	case "", "v2", "v2/_catalog":
		return base.Scheme == "https" || isLoopback(base.Hostname())
	}
	return false
}

// catalogError is a catalog that could not be read; a nil registry is the endpoint's.
type catalogError struct {
	error
	registry *url.URL
}

// Unwrap returns the call's error.
func (e catalogError) Unwrap() error { return e.error }

// Advice says what to do about a registry rather than about the API.
func (e catalogError) Advice() string {
	call, _ := errors.AsType[*harness.Error](e.error)
	const notThere = "Check registry_url: with /_catalog added, a registry answers with a JSON object that lists " +
		"its repositories. Docker Hub and some others do not."
	if kind, ok := registry.KindOf(e.error); ok && (kind == registry.Refused || kind == registry.NotFound) {
		return notThere
	}
	switch {
	case call == nil || harness.IsTimeout(call) || call.Status == 0 && e.registry == nil:
		return advice(e.error)
	case call.Status == 0:
		return "Check registry_url, the network and, if there is one, the proxy (HTTPS_PROXY). If a private CA " +
			"signed the certificate, set the provider's ca_certificate_file."
	case e.registry == nil:
		return "Harness has deprecated this registry, and it may be gone. The data source harnessci_default_images shows the " +
			"images that builds run; registry_url names another registry to list."
	case (harness.IsUnauthorized(call) || harness.IsForbidden(call)) && call.Credential == "":
		return "No credential was sent: the provider's credential is only for the host of its endpoint, and a " +
			"registry's login only for its own catalog, /v2/_catalog over https."
	}
	return notThere
}
