package provider

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

// imageReleasesDataSource is harnessci_image_releases: the releases of an image that a registry has.
type imageReleasesDataSource struct{ configuredDataSource }

var _ datasource.DataSourceWithConfigure = (*imageReleasesDataSource)(nil)

func newImageReleasesDataSource() datasource.DataSource { return &imageReleasesDataSource{} }

// imageReleasesModel is a harnessci_image_releases, in configuration and state.
type imageReleasesModel struct {
	Image        types.String   `tfsdk:"image"`
	Registry     types.String   `tfsdk:"registry"`
	By           types.String   `tfsdk:"by"`
	Limit        types.Int64    `tfsdk:"limit"`
	IncludeNewer types.Bool     `tfsdk:"include_newer"`
	Dates        types.Bool     `tfsdk:"dates"`
	Releases     []imageRelease `tfsdk:"releases"`
}

// imageRelease is one release of an image.
type imageRelease struct {
	Release   string  `tfsdk:"release"`
	Version   string  `tfsdk:"version"`
	Tag       string  `tfsdk:"tag"`
	Image     string  `tfsdk:"image"`
	Published *string `tfsdk:"published"` // nil if unknown, or not asked
}

// What counts as a release in a list.
const (
	byVersion = "version"
	byMinor   = "minor"
)

// Metadata names the data source.
func (d *imageReleasesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_image_releases"
}

// Schema describes the data source.
func (d *imageReleasesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the latest releases of an image in its registry, newest first: every published " +
			"version, hotfixes included, or one for each minor. No Harness API lists tags, so the registry is queried, " +
			"which Docker Hub does not count as a pull. Pre-releases, other variants and signatures are left out.",
		Attributes: map[string]schema.Attribute{
			"image": schema.StringAttribute{
				Required:   true,
				Validators: []validator.String{registryImageValidator()},
				MarkdownDescription: "Image that gives the repository, the variant (the text around the version, as in " +
					"`rootless-1.16.92` and `1.6.9-rootless`) and the newest release to list. Usually a default, from " +
					"`harnessci_default_images`.",
			},
			"registry": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{mirrorValidator()},
				MarkdownDescription: "Registry with an optional path, such as `registry.example.com/mirror`, whose copy of " +
					"the repository is listed instead. Each `image` then names the copy.",
			},
			"by": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{stringvalidator.OneOf(byVersion, byMinor)},
				MarkdownDescription: "What counts as a release. `version`, the default: every published version, as Harness " +
					"releases them today; a fourth number, as in `1.16.56.1`, is a hotfix and comes after its three. " +
					"`minor`: one release for each minor, with its newest version, as Harness's own check of old images " +
					"counts. `1.16` alone had versions for thirty months.",
			},
			"limit": schema.Int64Attribute{
				Optional:            true,
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
				MarkdownDescription: "Maximum number of releases to list. Defaults to `3`: latest, latest-1 and latest-2.",
			},
			"include_newer": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Whether to include versions newer than that of `image`. Defaults to `false`.",
			},
			"dates": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether to find out when each listed release was published. This fetches up to two " +
					"manifests and the configuration of each; Docker Hub counts this as a pull of each. Defaults to `false`.",
			},
			"releases": schema.ListNestedAttribute{
				Computed: true,
				MarkdownDescription: "Releases, newest first: `releases[0]` is the latest, `releases[1]` the one before. There " +
					"may be fewer than `limit`, and none at all.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"release": schema.StringAttribute{Computed: true, MarkdownDescription: "Minor, such as `1.16`."},
					"version": schema.StringAttribute{Computed: true, MarkdownDescription: "Version, such as `1.16.92`."},
					"tag":     schema.StringAttribute{Computed: true, MarkdownDescription: "Tag, such as `rootless-1.16.92`."},
					"image": schema.StringAttribute{Computed: true, MarkdownDescription: "Image with that tag, ready for " +
						"the `value` of an override."},
					"published": schema.StringAttribute{Computed: true, MarkdownDescription: "Time of publication, such as " +
						"`2025-08-04T10:00:00Z`: when the image was created, according to its configuration or its label " +
						"`" + registry.CreatedLabel + "`. Null without `dates`, and for reproducible builds, which say 1970."},
				}},
			},
		},
	}
}

// mirrorValidator accepts a registry with an optional path.
func mirrorValidator() validator.String {
	return stringCheck{"is a registry with an optional path", errorCheck("registry", func(value string) error {
		_, err := imageref.Mirror("image", value)
		return err
	})}
}

// Read lists the repository's tags and picks the releases.
func (d *imageReleasesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model imageReleasesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.data.requireRegistries("list the releases", &resp.Diagnostics) {
		return
	}
	ref, err := model.Image.ValueString(), error(nil)
	if !model.Registry.IsNull() {
		ref, err = imageref.Mirror(ref, model.Registry.ValueString())
	}
	var releases []imageref.Release
	if err == nil {
		releases, err = d.releases(ctx, ref, model.options())
	}
	if err != nil {
		resp.Diagnostics.Append(diag.WithPath(path.Root("image"), d.data.failure("list the releases of", imageName(ref), err)))
		return
	}
	model.Releases = make([]imageRelease, len(releases))
	for i, r := range releases {
		model.Releases[i] = imageRelease{Release: r.Release, Version: r.Version, Tag: r.Tag, Image: imageref.WithTag(ref, r.Tag)}
	}
	if model.Dates.ValueBool() {
		resp.Diagnostics.Append(d.addDates(ctx, model.Releases)...)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// options returns which releases to list.
func (m imageReleasesModel) options() imageref.ReleaseOptions {
	options := imageref.ReleaseOptions{
		Limit: supportedReleases, IncludeNewer: m.IncludeNewer.ValueBool(), ByMinor: m.By.ValueString() == byMinor,
	}
	if !m.Limit.IsNull() {
		options.Limit = int(m.Limit.ValueInt64())
	}
	return options
}

// releases asks for the tags only if the image names a release.
func (d *imageReleasesDataSource) releases(ctx context.Context, ref string, options imageref.ReleaseOptions) ([]imageref.Release, error) {
	image, err := imageref.Parse(ref)
	if err != nil {
		return nil, err
	}
	if _, err := imageref.Releases(image, nil, options); err != nil {
		return nil, err
	}
	tags, err := d.data.registry.Tags(ctx, ref)
	if err != nil {
		return nil, err
	}
	return imageref.Releases(image, tags, options)
}

// addDates finds out when the releases were published, all at once.
func (d *imageReleasesDataSource) addDates(ctx context.Context, releases []imageRelease) (diags diag.Diagnostics) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range releases {
		all.Go(func() {
			published, err := d.data.registry.Published(ctx, releases[i].Image)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				diags.Append(diag.WithPath(path.Root("dates"), d.data.failure("find out when the image was published:", imageName(releases[i].Image), err)))
				return
			}
			releases[i].Published = timeText(published)
		})
	}
	all.Wait()
	return diags
}

// timeText returns a time as an attribute shows it; nil if it is not known.
func timeText(at time.Time) *string {
	if at.IsZero() {
		return nil
	}
	return new(at.UTC().Format(time.RFC3339))
}
