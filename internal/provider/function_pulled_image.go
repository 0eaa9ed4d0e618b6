package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
)

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
		Return: function.StringReturn{},
	}
}

// Run resolves the reference.
func (pulledImageFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var image string
	var connectorURL types.String
	if resp.Error = req.Arguments.Get(ctx, &image, &connectorURL); resp.Error != nil {
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
	resp.Error = resp.Result.Set(ctx, imageref.Resolve(connectorURL.ValueString(), image).Image)
}
