package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
)

// defaultImagesDataSource is harnessci_default_images: what runs without overrides.
type defaultImagesDataSource struct{ configuredDataSource }

var _ datasource.DataSourceWithConfigure = (*defaultImagesDataSource)(nil)

func newDefaultImagesDataSource() datasource.DataSource { return &defaultImagesDataSource{} }

// defaultImagesModel is a harnessci_default_images, in configuration and state.
type defaultImagesModel struct {
	Module types.String      `tfsdk:"module"`
	Infra  types.String      `tfsdk:"infra"`
	Images map[string]string `tfsdk:"images"`
	// OwnImages are those that an override in this module and infra can change.
	OwnImages map[string]string `tfsdk:"own_images"`
}

// Metadata names the data source.
func (d *defaultImagesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_default_images"
}

// Schema describes the data source.
func (d *defaultImagesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the default images, which Harness runs unless they are overridden. The keys " +
			"are the fields; those of `own_images` are the ones to override.",
		Attributes: map[string]schema.Attribute{
			"module": moduleDataAttribute(),
			"infra":  infraDataAttribute(),
			"images": schema.MapAttribute{
				Computed:            true,
				ElementType:         types.StringType,
				MarkdownDescription: "Default image of each field, such as `gitCloneTag = \"harness/drone-git:1.6.9-rootless\"`.",
			},
			"own_images": schema.MapAttribute{
				Computed:    true,
				ElementType: types.StringType,
				MarkdownDescription: "Those of `images` whose override has an effect in this module and infra, which is what to " +
					"pin: without the fields of IaCM and IDP that the defaults of `ci` list as well (set `module` for those), and " +
					"without those that Harness lists but does not let anyone override. Harness publishes no such list, so this " +
					"follows its documentation, its published source and reports of November 2026.",
			},
		},
	}
}

// Read asks the server for the defaults.
func (d *defaultImagesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model defaultImagesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	scope := scopeOf(model.Module, model.Infra)
	if !d.data.requireKnown("read the default images of "+scope.String(), &resp.Diagnostics) {
		return
	}
	images, err := d.data.account.Defaults(ctx, scope)
	if err != nil {
		resp.Diagnostics.Append(d.data.failure("read the default images of", scope, err))
		return
	}
	resp.Diagnostics.Append(d.data.oddities()...)
	model.Module = types.StringValue(string(scope.Module))
	model.Infra = writtenInfra(model.Infra, scope)
	model.Images, model.OwnImages = images, pulls.Own(scope, images)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
