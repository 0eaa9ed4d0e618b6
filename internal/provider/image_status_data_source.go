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
	CheckRegistry    types.Bool   `tfsdk:"check_registry"`
	ReleasesRegistry types.String `tfsdk:"releases_registry"`
	MaxAgeDays       types.Int64  `tfsdk:"max_age_days"`
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
			"check_registry":    checkRegistryAttribute(),
			"releases_registry": releasesRegistryAttribute(),
			"max_age_days":      maxAgeAttribute(),
			"missing_fields":    missingFieldsAttribute(),
			"unknown_fields":    unknownFieldsAttribute(),
			"too_old_fields":    tooOldFieldsAttribute(),
			"table":             tableAttribute(),
			"unsupported_fields": fieldSetAttribute("Fields whose image is too old for Harness's own check, which counts minors: " +
				"`supported` is `false`."),
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
			"pulled":                  pulledAttribute(),
			"pulled_on_harness_cloud": pulledOnHarnessCloudAttribute(),
			"digest":                  digestAttribute(),
			"newest":                  newestAttribute(),
			"published":               publishedAttribute(),
			"age_days": schema.Int64Attribute{
				Computed:            true,
				MarkdownDescription: "Whole days since `published`; null where that is.",
			},
			"overridden": schema.BoolAttribute{
				Computed:            true,
				MarkdownDescription: "Whether there is an override.",
			},
			"releases_behind": schema.Int64Attribute{
				Computed: true,
				MarkdownDescription: "How far the image is behind the default; 0 if equal or ahead. With `check_registry`, the " +
					"number of published versions that are newer, up to the default; null if they could not be listed. " +
					"Without, the number of minors, which says 0 for an image that may be years older: see `outdated_fields`. " +
					"Also null if the two cannot be compared: another image name or variant (`rootless-1.16.92` and " +
					"`1.16.92`), a tag without a version (`latest`, a digest) or, counting minors, an older major version.",
			},
			"supported": schema.BoolAttribute{
				Computed: true,
				MarkdownDescription: "Whether Harness's own check accepts the image. It counts minors: `ci-*` images of Harness " +
					"may be up to two behind the default. This says nothing about age. Null for images without such a window, " +
					"and if it cannot be determined.",
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
	overrides, err := d.data.account.FreshOverrides(ctx, scope)
	if err != nil {
		resp.Diagnostics.Append(d.data.failure("read the image overrides of", scope, err))
		return
	}
	resp.Diagnostics.Append(d.data.oddities()...)
	model.Module = types.StringValue(string(scope.Module))
	model.Infra = writtenInfra(model.Infra, scope)
	model.imagesStatus = statusOf(defaults, overrides)
	found, connectorErr := d.data.connector.Shared(ctx)
	if connectorErr == nil { // else it is null: the rest of the status needs no connector
		model.pulledThrough(found, scope)
	}
	if model.CheckRegistry.ValueBool() {
		if !d.data.requireRegistries("look up the images of "+scope.String(), &resp.Diagnostics) {
			return
		}
		resp.Diagnostics.Append(model.askRegistries(ctx, d.data, model, found.Registry.URL, connectorErr)...)
	}
	model.Table = types.StringValue(model.markdown(scope))
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
