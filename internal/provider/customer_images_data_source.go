package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// customerImagesDataSource is harnessci_customer_images: what the account runs.
type customerImagesDataSource struct{ configuredDataSource }

var _ datasource.DataSourceWithConfigure = (*customerImagesDataSource)(nil)

func newCustomerImagesDataSource() datasource.DataSource { return &customerImagesDataSource{} }

// customerImagesModel is a harnessci_customer_images, in configuration and state.
type customerImagesModel struct {
	Module        types.String      `tfsdk:"module"`
	Infra         types.String      `tfsdk:"infra"`
	OverridesOnly types.Bool        `tfsdk:"overrides_only"`
	Images        map[string]string `tfsdk:"images"`
}

// Metadata names the data source.
func (d *customerImagesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customer_images"
}

// Schema describes the data source.
func (d *customerImagesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the images that the account has overridden or, with `overrides_only = false`, " +
			"the image of every field, as the server reports them. The server may omit an override that equals the " +
			"default, and may merge defaults and overrides in its own way; `harnessci_image_status` does not " +
			"depend on this.",
		Attributes: map[string]schema.Attribute{
			"module": moduleDataAttribute(),
			"infra":  infraDataAttribute(),
			"overrides_only": schema.BoolAttribute{
				Optional: true,
				Computed: true,
				MarkdownDescription: "Whether to list only the fields that have an override. Defaults to `true`. With " +
					"`false`, `images` is the server's own merge of defaults and overrides.",
			},
			"images": schema.MapAttribute{
				Computed:            true,
				ElementType:         types.StringType,
				MarkdownDescription: "Image of each field, such as `gitCloneTag = \"harness/drone-git:1.6.9-rootless\"`.",
			},
		},
	}
}

// Read asks the server for the account's images.
func (d *customerImagesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model customerImagesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	scope := scopeOf(model.Module, model.Infra)
	if !d.data.requireKnown("read the customer images of "+scope.String(), &resp.Diagnostics) {
		return
	}
	overridesOnly := model.OverridesOnly.IsNull() || model.OverridesOnly.ValueBool()
	read := d.data.account.FreshMerged
	if overridesOnly {
		read = d.data.account.FreshOverrides
	}
	images, err := read(ctx, scope)
	if err != nil {
		resp.Diagnostics.Append(d.data.failure("read the customer images of", scope, err))
		return
	}
	resp.Diagnostics.Append(d.data.oddities()...)
	model.Module = types.StringValue(string(scope.Module))
	model.Infra = writtenInfra(model.Infra, scope)
	model.OverridesOnly = types.BoolValue(overridesOnly)
	model.Images = images
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
