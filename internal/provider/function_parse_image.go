package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

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
