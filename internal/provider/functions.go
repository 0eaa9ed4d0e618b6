package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
)

// Functions returns the constructors of the functions. They may run before Configure, so they are pure.
func (p *harnessProvider) Functions(context.Context) []func() function.Function {
	return functions()
}

func functions() []func() function.Function {
	return []func() function.Function{
		newParseImageFunction,
		newMirrorImageFunction,
		newReleasesBehindFunction,
		newPulledImageFunction,
	}
}

// imageArgument checks that the argument at a position is an image reference, and reads it.
func imageArgument(position int64, ref string) (imageref.Image, *function.FuncError) {
	image, err := imageref.Parse(ref)
	if err != nil {
		return imageref.Image{}, function.NewArgumentFuncError(position, err.Error())
	}
	return image, nil
}

type mirrorImageFunction struct{}

var _ function.Function = mirrorImageFunction{}

func newMirrorImageFunction() function.Function { return mirrorImageFunction{} }

// Metadata names the function.
func (mirrorImageFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "mirror_image"
}

// Definition describes the function.
func (mirrorImageFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Returns the name of an image's copy in a mirror",
		MarkdownDescription: "Returns the reference of the same image, tag and digest under a mirror's prefix. The " +
			"prefix replaces the registry, and the rest stays as written:\n\n- " +
			"`mirror_image(\"harness/ci-addon:1.14.4\", \"registry.example.com/mirror\")` is " +
			"`registry.example.com/mirror/harness/ci-addon:1.14.4`\n- " +
			"`mirror_image(\"other.example.com/acme/app:1.0\", \"registry.example.com\")` is " +
			"`registry.example.com/acme/app:1.0`\n\nAn official image of Docker Hub keeps its path as written: " +
			"`ubuntu` becomes `…/ubuntu`, and `library/ubuntu` becomes `…/library/ubuntu`, which is the path that " +
			"pull-through caches expect. Nothing is copied: the image must be in the mirror, or the mirror must " +
			"fetch it.\n\nIt is an error if `ref` is not an image reference or `prefix` is not a registry with an " +
			"optional path.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name:                "ref",
				MarkdownDescription: "Image reference, such as `harness/ci-addon:1.14.4`.",
			},
			function.StringParameter{
				Name: "prefix",
				MarkdownDescription: "Registry with an optional port and path, such as " +
					"`registry.example.com:5000/mirror`, without a scheme. A trailing slash is ignored.",
			},
		},
		Return: function.StringReturn{},
	}
}

// Run returns the mirrored reference.
func (mirrorImageFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var ref, prefix string
	if resp.Error = req.Arguments.Get(ctx, &ref, &prefix); resp.Error != nil {
		return
	}
	if _, resp.Error = imageArgument(0, ref); resp.Error != nil {
		return
	}
	mirrored, err := imageref.Mirror(ref, prefix)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(1, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, mirrored)
}

type parseImageFunction struct{}

var _ function.Function = parseImageFunction{}

func newParseImageFunction() function.Function { return parseImageFunction{} }

// imageParts is the result of parse_image.
type imageParts struct {
	Registry   string  `tfsdk:"registry"`
	Repository string  `tfsdk:"repository"`
	Name       string  `tfsdk:"name"`
	Tag        *string `tfsdk:"tag"`
	Digest     *string `tfsdk:"digest"`
}

// Metadata names the function.
func (parseImageFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "parse_image"
}

// Definition describes the function.
func (parseImageFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Parses an image reference",
		MarkdownDescription: "Returns the parts of an image reference, read the way Docker does, as an " +
			"object:\n\n- `registry` (String) host and port; `docker.io` if the reference has none\n- `repository` " +
			"(String) path in the registry; an official image of Docker Hub has `library/` before its name\n- " +
			"`name` (String) last element of the repository\n- `tag` (String) null if absent; `latest` is not " +
			"assumed\n- `digest` (String) null if absent\n\nSo `parse_image(\"ubuntu\")` has the registry " +
			"`docker.io`, the repository `library/ubuntu` and the name `ubuntu`. It is an error if `ref` is not an " +
			"image reference.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name:                "ref",
				MarkdownDescription: "Image reference, such as `harness/ci-addon:1.16.92` or `registry.example.com:5000/plugins/s3@sha256:…`.",
			},
		},
		Return: function.ObjectReturn{AttributeTypes: map[string]attr.Type{
			"registry":   types.StringType,
			"repository": types.StringType,
			"name":       types.StringType,
			"tag":        types.StringType,
			"digest":     types.StringType,
		}},
	}
}

// Run parses the reference.
func (parseImageFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var ref string
	if resp.Error = req.Arguments.Get(ctx, &ref); resp.Error != nil {
		return
	}
	image, invalid := imageArgument(0, ref)
	if invalid != nil {
		resp.Error = invalid
		return
	}
	resp.Error = resp.Result.Set(ctx, imageParts{
		Registry:   image.Registry,
		Repository: image.Repository,
		Name:       image.Name,
		Tag:        nullable(image.Tag),
		Digest:     nullable(image.Digest),
	})
}

// nullable returns nil, which means null, for an empty string.
func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

type pulledImageFunction struct{}

var _ function.Function = pulledImageFunction{}

func newPulledImageFunction() function.Function { return pulledImageFunction{} }

// Metadata names the function.
func (pulledImageFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "pulled_image"
}

// Definition describes the function.
func (pulledImageFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Returns the name that builds pull for an image",
		MarkdownDescription: "Returns the name that builds pull for an image, whether a default or an override, " +
			"given the image connector's URL. Harness puts the connector's host and path before a name:\n\n| " +
			"connector's URL | image | pulled |\n|---|---|---|\n| `https://index.docker.io/v2/` or " +
			"`https://registry.hub.docker.com` | any | the image as it is |\n| " +
			"`https://registry.example.com/harness` | `harness/ci-addon:1` | " +
			"`registry.example.com/harness/harness/ci-addon:1` |\n| the same | " +
			"`registry.example.com/q/ci-addon:1`, which contains the connector's host | the image as it is |\n| " +
			"the same | `other.example.com/ci-addon:1` | " +
			"`registry.example.com/harness/other.example.com/ci-addon:1`, which no registry has, so builds fail " +
			"|\n| null or empty: no connector, or one of another type than Docker registry | any | the image as it " +
			"is |\n\nIt is an error if `image` is not an image reference, or if `connector_url` is not a URL with " +
			"a scheme and a host, in which case every build fails.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name:                "image",
				MarkdownDescription: "Image reference, such as `harness/ci-addon:1.14.4`.",
			},
			function.StringParameter{
				Name:           "connector_url",
				AllowNullValue: true,
				MarkdownDescription: "URL of the image connector, such as `https://registry.example.com/harness`; the " +
					"attribute `url` of the data source `harnessci_image_connector`. Null or an empty string means no " +
					"connector; OpenTofu cannot pass null to a function.",
			},
		},
		VariadicParameter: function.StringParameter{
			Name: "where",
			MarkdownDescription: "`harness-cloud` for what a VM of Harness Cloud pulls where the connector has no login: its agent " +
				"redirects fifteen of Harness's images without a digest to Harness's registry on Google (on machines at Amazon, " +
				"to ECR public). Left out, the name that Harness sends to every other place.",
		},
		Return: function.StringReturn{},
	}
}

// onHarnessCloud asks pulled_image for what a VM of Harness Cloud pulls.
const onHarnessCloud = "harness-cloud"

// Run resolves the reference.
func (pulledImageFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var image string
	var connectorURL types.String
	var where []string
	if resp.Error = req.Arguments.Get(ctx, &image, &connectorURL, &where); resp.Error != nil {
		return
	}
	if len(where) > 1 || len(where) == 1 && where[0] != onHarnessCloud {
		resp.Error = function.NewArgumentFuncError(2, `the third argument is "`+onHarnessCloud+`", or left out`)
		return
	}
	if _, resp.Error = imageArgument(0, image); resp.Error != nil {
		return
	}
	if connectorURL.ValueString() != "" {
		if _, _, err := imageref.SplitConnectorURL(connectorURL.ValueString()); err != nil {
			resp.Error = function.NewArgumentFuncError(1, "this is not the URL of a registry such as "+
				"https://registry.example.com/harness: "+err.Error())
			return
		}
	}
	pulled := imageref.Resolve(connectorURL.ValueString(), image).Image
	resp.Error = resp.Result.Set(ctx, pulls.OnHarnessCloud(pulled, len(where) == 1))
}

type releasesBehindFunction struct{}

var _ function.Function = releasesBehindFunction{}

func newReleasesBehindFunction() function.Function { return releasesBehindFunction{} }

// Metadata names the function.
func (releasesBehindFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "releases_behind"
}

// Definition describes the function.
func (releasesBehindFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Counts how many releases an image is behind another",
		MarkdownDescription: "Returns how many releases the version in an image's tag is behind that of the latest; 0 if " +
			"equal or ahead.\n\n- Without `tags`, it counts minors: 2 for `harness/ci-addon:1.14.4` and " +
			"`harness/ci-addon:1.16.92`, but 0 for `1.16.6` and `1.16.92`, which are 27 months apart. Harness's own check of " +
			"old images counts so.\n- With `tags`, it counts published versions: those in `tags` that are newer than the " +
			"image, up to the latest. Take them from where Harness publishes, such as " +
			"`data.harnessci_image_releases.addon.releases[*].tag` with a high `limit`: a private registry has only what was " +
			"copied there. Tags of other variants are ignored, and the latest counts even if `tags` lacks it.\n\nIt is null if " +
			"the two cannot be compared:\n\n- a tag has no version, as in `latest`, `dev` or a digest alone; a version is " +
			"`1.16.92`, `v1.16.92`, `1.16` or, with a hotfix, `1.16.56.1`\n- what surrounds the versions differs: " +
			"`rootless-1.16.92` is a different variant from `1.16.92`, while `1.6.9-rootless` compares with " +
			"`1.7.0-rootless`\n- the names differ; the registry and the path before the name do not matter, so a mirror's " +
			"copy compares with the original\n- without `tags`, the image is of an older major version, because it is unknown " +
			"how many minors that one had\n\nIt is an error if `image` or `latest` is not an image reference.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name:                "image",
				MarkdownDescription: "Reference of the image in use, such as `registry.example.com/mirror/harness/ci-addon:1.14.4`.",
			},
			function.StringParameter{
				Name:                "latest",
				MarkdownDescription: "Reference of the latest image, such as the default `harness/ci-addon:1.16.92`.",
			},
		},
		VariadicParameter: function.StringParameter{
			Name: "tags",
			MarkdownDescription: "Tags of the repository where the image is published, in any order; pass a list as `tags...`. " +
				"None at all means to count minors.",
		},
		Return: function.Int64Return{},
	}
}

// Run compares the two images.
func (releasesBehindFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var refs [2]string
	var tags []string
	if resp.Error = req.Arguments.Get(ctx, &refs[0], &refs[1], &tags); resp.Error != nil {
		return
	}
	var images [2]imageref.Image
	for i, ref := range refs {
		if images[i], resp.Error = imageArgument(int64(i), ref); resp.Error != nil {
			return
		}
	}
	var behind *int64
	if count, comparable := releasesBehind(images[0], images[1], tags); comparable {
		behind = &count
	}
	resp.Error = resp.Result.Set(ctx, behind)
}

// releasesBehind counts the published versions by which image is behind latest or, without tags, the minors.
func releasesBehind(image, latest imageref.Image, tags []string) (n int64, comparable bool) {
	if len(tags) > 0 {
		return imageref.PublishedBehind(image, latest, tags)
	}
	return imageref.MinorsBehind(image, latest)
}
