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
		MarkdownDescription: "Returns how many minor releases the version in an image's tag is behind that of the " +
			"latest: 2 for `harness/ci-addon:1.14.4` and `harness/ci-addon:1.16.92`, and 0 if equal or ahead, " +
			"whatever the hotfix.\n\nIt is null if the two cannot be compared:\n\n- a tag has no version, as in " +
			"`latest`, `dev` or a digest alone; a version is `1.16.92`, `v1.16.92` or `1.16`\n- what surrounds the " +
			"versions differs: `rootless-1.16.92` is a different variant from `1.16.92`, while `1.6.9-rootless` " +
			"compares with `1.7.0-rootless`\n- the names differ; the registry and the path before the name do not " +
			"matter, so a mirror's copy compares with the original\n- the image is of an older major version, " +
			"because it is unknown how many minor releases that one had\n\nIt is an error if an argument is not an " +
			"image reference.",
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
		Return: function.Int64Return{},
	}
}

// Run compares the two images.
func (releasesBehindFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var image, latest string
	if resp.Error = req.Arguments.Get(ctx, &image, &latest); resp.Error != nil {
		return
	}
	for position, ref := range []string{image, latest} {
		if _, resp.Error = imageArgument(int64(position), ref); resp.Error != nil {
			return
		}
	}
	var behind *int64
	if count, comparable := imageref.ReleasesBehind(image, latest); comparable {
		behind = &count
	}
	resp.Error = resp.Result.Set(ctx, behind)
}
