package provider

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/connector"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
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
			"unsigned_fields":   unsignedFieldsAttribute(),
			"ineffective_fields": schema.MapAttribute{
				Computed:    true,
				ElementType: types.StringType,
				MarkdownDescription: "Fields whose override has no effect, or none for some builds, with the reason: a field of another " +
					"module, kaniko's image where builds with buildx run another field's that is not overridden, or a step of VMs " +
					"that runs without a container on Harness Cloud. See " +
					"[Fields that have no effect](../guides/harness-images.md#fields-that-have-no-effect).",
			},
			"table": tableAttribute(),
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
	model.IneffectiveFields = ineffective(scope, overrides)
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

// imageStatus compares one field's image with the default.
type imageStatus struct {
	Default    *string `tfsdk:"default"`  // nil: the defaults no longer list the field
	Override   *string `tfsdk:"override"` // nil: none
	Effective  string  `tfsdk:"effective"`
	Overridden bool    `tfsdk:"overridden"`
	Pulled     *string `tfsdk:"pulled"` // nil if unknown
	// PulledOnHarnessCloud is nil if unknown, and for images that do not run on VMs.
	PulledOnHarnessCloud *string `tfsdk:"pulled_on_harness_cloud"`
	Digest               *string `tfsdk:"digest"` // nil if not found, or not looked up
	// ReleasesBehind counts published versions or, if registries were not asked, minors; nil if the two are not
	// comparable, or the versions could not be listed.
	ReleasesBehind *int64  `tfsdk:"releases_behind"`
	Newest         *string `tfsdk:"newest"`    // nil if not listed
	Published      *string `tfsdk:"published"` // nil if unknown, or not asked
	AgeDays        *int64  `tfsdk:"age_days"`
	// Supported is nil if Harness gives no support window, and if it is unknown whether the image is
	// within it: another name or variant, a tag without a version, an older major.
	Supported *bool `tfsdk:"supported"`
}

// imagesStatus compares all images of a module and infra with the defaults. Its lists are sorted and never nil.
type imagesStatus struct {
	Images            map[string]imageStatus `tfsdk:"images"`
	OverriddenFields  []string               `tfsdk:"overridden_fields"`
	OutdatedFields    []string               `tfsdk:"outdated_fields"`
	UnsupportedFields []string               `tfsdk:"unsupported_fields"`
	MissingFields     []string               `tfsdk:"missing_fields"`     // nil if registries were not asked
	UnknownFields     map[string]string      `tfsdk:"unknown_fields"`     // field to reason; nil likewise
	TooOldFields      []string               `tfsdk:"too_old_fields"`     // nil without a maximum age
	UnsignedFields    map[string]string      `tfsdk:"unsigned_fields"`    // nil if nothing must be signed
	IneffectiveFields map[string]string      `tfsdk:"ineffective_fields"` // field to reason
	Connector         *connectorDescription  `tfsdk:"connector"`          // nil if it cannot be read
	Table             types.String           `tfsdk:"table"`
}

// statusOf works out the status from the defaults and the overrides, two maps from field to image.
func statusOf(defaults, overrides map[string]string) imagesStatus {
	status := imagesStatus{
		Images:           map[string]imageStatus{},
		OverriddenFields: []string{}, OutdatedFields: []string{}, UnsupportedFields: []string{},
	}
	for _, field := range fieldsOf(defaults, overrides) {
		preset, override := entry(defaults, field), entry(overrides, field)
		image, outdated := newImageStatus(preset, override)
		status.Images[field] = image
		if image.Overridden {
			status.OverriddenFields = append(status.OverriddenFields, field)
		}
		if outdated {
			status.OutdatedFields = append(status.OutdatedFields, field)
		}
		if image.Supported != nil && !*image.Supported {
			status.UnsupportedFields = append(status.UnsupportedFields, field)
		}
	}
	return status
}

// ineffective returns the fields whose override has no effect, or none for some builds, with the reason.
func ineffective(scope harness.Scope, overrides map[string]string) map[string]string {
	reasons := map[string]string{}
	for field := range overrides {
		if dead, is := pulls.DeadOverride(scope, field, func(twin string) bool { return overrides[twin] != "" }); is {
			reasons[field] = dead.Reason()
		}
	}
	return reasons
}

// newImageStatus also returns whether the image has a lower version than the default, in any part of the
// version.
func newImageStatus(preset, override *string) (_ imageStatus, outdated bool) {
	status := imageStatus{
		Default: preset, Override: override,
		Effective:  *cmp.Or(override, preset),
		Overridden: override != nil,
	}
	if preset == nil {
		return status, outdated
	}
	c, ok := compareImages(status.Effective, *preset)
	if !ok {
		return status, outdated
	}
	outdated = c.Older
	if c.comparable && c.Exact {
		status.ReleasesBehind = &c.Releases
	}
	if supported, known := c.supported(); known {
		status.Supported = &supported
	}
	return status, outdated
}

// fieldsOf returns the fields of several maps from field to image, each once and sorted.
func fieldsOf(images ...map[string]string) []string {
	all := map[string]string{}
	for _, part := range images {
		maps.Copy(all, part)
	}
	return slices.Sorted(maps.Keys(all))
}

// entry returns the image of a field; nil if there is none.
func entry(images map[string]string, field string) *string {
	image, ok := images[field]
	if !ok {
		return nil
	}
	return &image
}

func statusConnectorAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Computed:   true,
		Attributes: connectorAttributes(),
		MarkdownDescription: "Connector through which builds pull the images, as in the data source " +
			"`harnessci_image_connector`; null if it cannot be read, for example without the permission " +
			"`core_connector_view`.",
	}
}

func pulledAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "Name that builds pull: `effective`, with the connector's registry in front if " +
			"Harness adds it. Null if the connector cannot be read, and if its URL cannot be parsed, in which case every " +
			"build fails.",
	}
}

func pulledOnHarnessCloudAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "Name that a VM of Harness Cloud pulls, such as " +
			"`us-docker.pkg.dev/gar-prod-setup/harness-public/harness/drone-git:1.6.9`: its agent redirects fifteen of " +
			"Harness's images when the pull is anonymous and the name has no digest. Equal to `pulled` for all others. Null " +
			"where `pulled` is, and for images that do not run on VMs.",
	}
}

// pulledThrough adds the connector, and what builds pull through it.
func (s *imagesStatus) pulledThrough(found connector.Found, scope harness.Scope) {
	s.Connector = new(describe(found))
	anonymous := found.Anonymous()
	for field, image := range s.Images {
		pull := imageref.Resolve(found.Registry.URL, image.Effective)
		if pull.Image == "" {
			continue
		}
		image.Pulled = &pull.Image
		if scope.Infra == harness.VM {
			image.PulledOnHarnessCloud = new(pulls.OnHarnessCloud(pull.Image, anonymous))
		}
		s.Images[field] = image
	}
}

// asked is the name that registries are asked for: where builds really pull.
func (i imageStatus) asked() string {
	if i.PulledOnHarnessCloud != nil {
		return *i.PulledOnHarnessCloud
	}
	return *i.Pulled
}
