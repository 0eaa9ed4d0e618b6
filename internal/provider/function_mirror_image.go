package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
)

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
