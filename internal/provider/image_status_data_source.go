package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// imageStatusDataSource is harnessci_image_status: what runs, what is pinned and how old it is.
type imageStatusDataSource struct{ configuredDataSource }

var _ datasource.DataSourceWithConfigure = (*imageStatusDataSource)(nil)

func newImageStatusDataSource() datasource.DataSource { return &imageStatusDataSource{} }

// imageStatusModel is a harnessci_image_status, in configuration and state.
type imageStatusModel struct {
	Module types.String `tfsdk:"module"`
	Infra  types.String `tfsdk:"infra"`
	// CheckRegistry says whether to look up each image in its registry.
	CheckRegistry types.Bool `tfsdk:"check_registry"`
	imagesStatus
}

// Metadata names the data source.
func (d *imageStatusDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_image_status"
}

// Schema describes the data source.
func (d *imageStatusDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Shows which images run, which are overridden and how far each is behind the default, " +
			"for `check` blocks, outputs and alerts. It is computed from the defaults and the overrides, not from " +
			"the server's own merge of both, which may be wrong.",
		Attributes: map[string]schema.Attribute{
			"module":            moduleDataAttribute(),
			"infra":             infraDataAttribute(),
			"images":            imageStatusAttribute(),
			"connector":         statusConnectorAttribute(),
			"overridden_fields": fieldSetAttribute("Fields with an override."),
			"outdated_fields": fieldSetAttribute("Fields whose image has a lower version than the default, even if only by a " +
				"hotfix. Images that cannot be compared are not included."),
			"check_registry":     checkRegistryAttribute(),
			"missing_fields":     missingFieldsAttribute(),
			"table":              tableAttribute(),
			"unsupported_fields": fieldSetAttribute("Fields whose image is older than the vendor supports: `supported` is `false`."),
		},
	}
}

func imageStatusAttribute() schema.MapNestedAttribute {
	return schema.MapNestedAttribute{
		Computed:            true,
		MarkdownDescription: "Status of each field, such as `gitCloneTag`, that has a default, an override or both.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"default": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Image that runs without an override; null if the defaults do not list the field.",
			},
			"override": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Image that overrides the default; null if there is none.",
			},
			"effective": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Image that runs: the override, or else the default.",
			},
			"pulled": pulledAttribute(),
			"digest": digestAttribute(),
			"overridden": schema.BoolAttribute{
				Computed:            true,
				MarkdownDescription: "Whether there is an override.",
			},
			"releases_behind": schema.Int64Attribute{
				Computed: true,
				MarkdownDescription: "Number of minor releases that the image is behind the default; 0 if equal or " +
					"ahead. Null if they cannot be compared: another image name or variant (`rootless-1.16.92` and " +
					"`1.16.92`), a tag without a version (`latest`, a digest), an older major version.",
			},
			"supported": schema.BoolAttribute{
				Computed: true,
				MarkdownDescription: "Whether the vendor supports the image: `harness/ci-*` images are supported " +
					"up to two releases behind the default. Null for images without such a window, and if it " +
					"cannot be determined.",
			},
		}},
	}
}

func fieldSetAttribute(description string) schema.SetAttribute {
	return schema.SetAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: description}
}

// Read asks the server for defaults and overrides and compares them.
func (d *imageStatusDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model imageStatusModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	scope := scopeOf(model.Module, model.Infra)
	if !d.data.requireKnown("read the image status of "+scope.String(), &resp.Diagnostics) {
		return
	}
	defaults, err := d.data.account.Defaults(ctx, scope)
	if err != nil {
		resp.Diagnostics.Append(d.data.failure("read the default images of", scope, err))
		return
	}
	overrides, err := d.data.account.Overrides(ctx, scope)
	if err != nil {
		resp.Diagnostics.Append(d.data.failure("read the image overrides of", scope, err))
		return
	}
	resp.Diagnostics.Append(d.data.oddities()...)
	model.Module = types.StringValue(string(scope.Module))
	model.Infra = writtenInfra(model.Infra, scope)
	model.imagesStatus = statusOf(defaults, overrides)
	if scope.Module.UsesImageConnector() {
		if found, err := d.data.connector.Shared(ctx); err == nil { // else it is null: the rest of the status needs no connector
			model.pulledThrough(found)
		}
	}
	if model.CheckRegistry.ValueBool() {
		if !d.data.requireRegistries("look up the images of "+scope.String(), &resp.Diagnostics) {
			return
		}
		model.lookUp(ctx, d.data.pulls)
	}
	model.Table = types.StringValue(model.markdown())
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
