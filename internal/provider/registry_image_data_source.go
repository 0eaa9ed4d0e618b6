package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
)

// registryImageDataSource is harnessci_registry_image: what a registry has under a name.
type registryImageDataSource struct{ configuredDataSource }

var _ datasource.DataSourceWithConfigure = (*registryImageDataSource)(nil)

func newRegistryImageDataSource() datasource.DataSource { return &registryImageDataSource{} }

// registryImageModel is a harnessci_registry_image, in configuration and state.
type registryImageModel struct {
	Image     types.String `tfsdk:"image"`
	Digest    types.String `tfsdk:"digest"`
	Reference types.String `tfsdk:"reference"`
	MediaType types.String `tfsdk:"media_type"`
	Platforms []string     `tfsdk:"platforms"`
}

// Metadata names the data source.
func (d *registryImageDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_registry_image"
}

// Schema describes the data source.
func (d *registryImageDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Looks up an image in its registry: its digest and the platforms that it runs on. A missing " +
			"image is an error. Each read fetches the image's manifest, which Docker Hub counts as one pull.",
		Attributes: map[string]schema.Attribute{
			"image": schema.StringAttribute{
				Required:   true,
				Validators: []validator.String{registryImageValidator()},
				MarkdownDescription: "Image to look up, such as `harness/ci-addon:1.16.92` or " +
					"`registry.example.com/mirror/harness/ci-addon:1.16.92`.",
			},
			"digest": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Digest, such as `sha256:…`; for an image with several platforms, that of its " +
					"index.",
			},
			"reference": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Name, tag and digest, such as `harness/ci-addon:1.16.92@sha256:…`, which " +
					"always names this image.",
			},
			"media_type": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Media type of the manifest, such as `application/vnd.oci.image.index.v1+json`.",
			},
			"platforms": schema.ListAttribute{
				Computed:    true,
				ElementType: types.StringType,
				MarkdownDescription: "Platforms, sorted, such as `linux/amd64` and `linux/arm/v7`; empty if it is not an " +
					"image.",
			},
		},
	}
}

// Read asks the registry for the image.
func (d *registryImageDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model registryImageModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.data.requireRegistries("look up the image", &resp.Diagnostics) {
		return
	}
	ref := model.Image.ValueString()
	image, err := d.data.registry.Inspect(ctx, ref)
	if err != nil {
		resp.Diagnostics.Append(diag.WithPath(path.Root("image"), d.data.failure("look up the image", imageName(ref), err)))
		return
	}
	model.Digest = types.StringValue(image.Digest)
	model.Reference = types.StringValue(imageref.Pin(ref, image.Digest))
	model.MediaType = types.StringValue(image.MediaType)
	model.Platforms = append([]string{}, image.Platforms...)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// imageName is an image as the subject of a diagnostic.
type imageName string

// String returns the reference.
func (n imageName) String() string { return string(n) }

// registryImageValidator accepts image references.
func registryImageValidator() validator.String {
	return stringCheck{"is an image reference", errorCheck("image reference", func(value string) error {
		_, err := imageref.Parse(value)
		return err
	})}
}
