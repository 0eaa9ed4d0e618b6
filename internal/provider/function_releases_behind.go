package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
)

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
