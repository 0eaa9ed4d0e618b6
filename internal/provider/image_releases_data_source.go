package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
)

// imageReleasesDataSource is harnessci_image_releases: the releases of an image that a registry has.
type imageReleasesDataSource struct{ configuredDataSource }

var _ datasource.DataSourceWithConfigure = (*imageReleasesDataSource)(nil)

func newImageReleasesDataSource() datasource.DataSource { return &imageReleasesDataSource{} }

// imageReleasesModel is a harnessci_image_releases, in configuration and state.
type imageReleasesModel struct {
	Image        types.String   `tfsdk:"image"`
	Registry     types.String   `tfsdk:"registry"`
	Limit        types.Int64    `tfsdk:"limit"`
	IncludeNewer types.Bool     `tfsdk:"include_newer"`
	Releases     []imageRelease `tfsdk:"releases"`
}

// imageRelease is one release of an image.
type imageRelease struct {
	Release string `tfsdk:"release"`
	Version string `tfsdk:"version"`
	Tag     string `tfsdk:"tag"`
	Image   string `tfsdk:"image"`
}

// Metadata names the data source.
func (d *imageReleasesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_image_releases"
}

// Schema describes the data source.
func (d *imageReleasesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the latest releases of an image in its registry, newest first: one for each " +
			"minor release, with its newest hotfix. No Harness API lists tags, so the registry is queried, which " +
			"Docker Hub does not count as a pull. Pre-releases, other variants and signatures are left out.",
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
			"limit": schema.Int64Attribute{
				Optional:   true,
				Validators: []validator.Int64{int64validator.AtLeast(1)},
				MarkdownDescription: "Maximum number of releases to list. Defaults to `3`, as many as the vendor " +
					"supports.",
			},
			"include_newer": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Whether to include versions newer than that of `image`. Defaults to `false`.",
			},
			"releases": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "Releases, newest first. There may be fewer than `limit`, and none at all.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"release": schema.StringAttribute{Computed: true, MarkdownDescription: "Minor release, such as `1.16`."},
					"version": schema.StringAttribute{Computed: true, MarkdownDescription: "Version of its newest hotfix, such as `1.16.92`."},
					"tag":     schema.StringAttribute{Computed: true, MarkdownDescription: "Tag, such as `rootless-1.16.92`."},
					"image": schema.StringAttribute{Computed: true, MarkdownDescription: "Image with that tag, ready for " +
						"the `value` of an override."},
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
		resp.Diagnostics.Append(diag.WithPath(path.Root("image"), failure("list the releases of", imageName(ref), err)))
		return
	}
	model.Releases = []imageRelease{}
	for _, r := range releases {
		model.Releases = append(model.Releases, imageRelease{r.Release, r.Version, r.Tag, imageref.WithTag(ref, r.Tag)})
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// options returns which releases to list.
func (m imageReleasesModel) options() imageref.ReleaseOptions {
	options := imageref.ReleaseOptions{Limit: supportedReleases, IncludeNewer: m.IncludeNewer.ValueBool()}
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
	tags, err := d.data.registry.client.Tags(ctx, ref)
	if err != nil {
		return nil, err
	}
	return imageref.Releases(image, tags, options)
}
