package provider

import (
	"context"
	"errors"
	"net/url"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
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
		MarkdownDescription: "Repositories of a container registry, from every page of its catalogue. By default that is the Harness " +
			"registry on the endpoint's host.\n\n~> Harness calls its registry deprecated, and it may stop answering. To see which " +
			"images builds run, use `harnessci_default_images` or `harnessci_image_status`.",
		Attributes: map[string]schema.Attribute{
			"registry_url": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{registryURLValidator()},
				MarkdownDescription: "Base URL of another registry, to which `/_catalog` is added: `https://registry.example.com/v2`. Without a " +
					"path, `/v2` is meant. Defaults to `/registry` on the endpoint's host. The provider's credential is sent to the " +
					"endpoint's own scheme, host and port only; another registry must let everybody list it.",
			},
			"repositories": schema.ListAttribute{
				Computed:            true,
				ElementType:         types.StringType,
				MarkdownDescription: "Repositories without tags, such as `harness/ci-addon`, sorted.",
			},
		},
	}
}

// registryURLValidator accepts what can be a registry. Messages never show the value, which may hold
// a password.
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
	if resp.Diagnostics.HasError() || !d.data.requireKnown("read the image catalogue", &resp.Diagnostics) {
		return
	}
	var registry *url.URL
	if !model.RegistryURL.IsNull() {
		registry, _ = url.Parse(model.RegistryURL.ValueString()) // the validator has parsed it
	}
	repositories, err := d.data.client.Catalog(ctx, registry)
	if err != nil {
		problem := d.data.failure("read the image catalogue", nil, catalogError{err, registry})
		if registry != nil {
			problem = diag.WithPath(path.Root("registry_url"), problem)
		}
		resp.Diagnostics.Append(problem)
		return
	}
	model.Repositories = repositories
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// catalogError is a catalogue that could not be read; a nil registry is the endpoint's.
type catalogError struct {
	error
	registry *url.URL
}

// Unwrap returns the call's error.
func (e catalogError) Unwrap() error { return e.error }

// Advice says what to do about a registry rather than about the API.
func (e catalogError) Advice() string {
	call, _ := errors.AsType[*harness.Error](e.error)
	switch {
	case call == nil || harness.IsTimeout(call) || call.Status == 0 && e.registry == nil:
		return advice(e.error)
	case call.Status == 0:
		return "Check registry_url, the network, and the proxy if there is one (HTTPS_PROXY). The certificate of a " +
			"private authority goes into the provider's ca_certificate_file."
	case e.registry == nil:
		return "Harness calls this registry deprecated, and it may be gone. The data source harnessci_default_images " +
			"shows the images that builds run; registry_url names another registry to list."
	case (harness.IsUnauthorized(call) || harness.IsForbidden(call)) && call.Credential == "":
		return "No credential was sent: the provider's is for its endpoint's host only. Only a registry that lets " +
			"everybody list it can be read."
	}
	return "Check registry_url: a registry answers /_catalog below it with a JSON object that lists its repositories."
}
