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
			"Harness registry on the endpoint's host. Harness has deprecated its registry, which may stop " +
			"answering. To see which images builds run, use `harnessci_default_images` or `harnessci_image_status`.",
		Attributes: map[string]schema.Attribute{
			"registry_url": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{registryURLValidator()},
				MarkdownDescription: "Base URL of another registry, such as `https://registry.example.com/v2`, to " +
					"which `/_catalog` is added. Without a path, `/v2` is used. Defaults to `/registry` on the " +
					"endpoint's host. A registry's own catalog, `/v2/_catalog` over HTTPS, is read with its login in " +
					"`registries` of the provider block or in Docker's config file; any other is read without a " +
					"login. The API key is sent to none.",
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
			if u != nil && u.User != nil {
				problem += "; set the login in registries of the provider block"
			}
			return errors.New("the registry URL " + problem)
		}
		return nil
	})}
}

// Read asks the registry for its repositories.
func (d *imageCatalogDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model imageCatalogModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.data.requireRegistries("read the image catalog", &resp.Diagnostics) {
		return
	}
	own := model.RegistryURL.IsNull()
	at := d.data.client.Origin().JoinPath("registry")
	if !own {
		at, _ = url.Parse(model.RegistryURL.ValueString()) // the validator has parsed it
	}
	var err error
	if model.Repositories, err = d.data.registry.Catalog(ctx, at); err != nil {
		problem := d.data.failure("read the image catalog", nil, catalogError{err, own})
		if !own {
			problem = diag.WithPath(path.Root("registry_url"), problem)
		}
		resp.Diagnostics.Append(problem)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// catalogError is a catalog that could not be read.
type catalogError struct {
	error
	own bool // that of Harness
}

// Unwrap returns the call's error.
func (e catalogError) Unwrap() error { return e.error }

// Advice says what to do where the registry has answered that it has no catalog.
func (e catalogError) Advice() string {
	kind, _ := registry.KindOf(e.error)
	answered := kind != registry.Unreachable && kind != registry.Untrusted && kind != registry.RateLimited
	if answered && e.own {
		return "Harness has deprecated this registry, and it may be gone. The data source harnessci_default_images shows the " +
			"images that builds run; registry_url names another registry to list."
	}
	if !answered || kind == registry.Denied {
		return advice(e.error)
	}
	return "Check registry_url: with /_catalog added, a registry answers with a JSON object that lists " +
		"its repositories. Docker Hub and some others do not."
}
