package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"

	"github.com/harnessci/terraform-provider-harnessci/internal/connector"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
)

func statusConnectorAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Computed:   true,
		Attributes: connectorAttributes(),
		MarkdownDescription: "Connector through which builds pull the images, as the data source `harnessci_image_connector` has it; null " +
			"where it cannot be read, such as without the permission `core_connector_view`.",
	}
}

func pulledAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "What builds pull: `effective` behind the registry of the connector, where that comes before it. Null where the " +
			"connector cannot be read, and where its URL cannot be parsed and every build fails.",
	}
}

// pulledThrough adds the connector, and what builds pull through it.
func (s *imagesStatus) pulledThrough(found connector.Found) {
	s.Connector = new(describe(found))
	for field, image := range s.Images {
		if pull := imageref.Resolve(found.Registry.URL, image.Effective); pull.Image != "" {
			image.Pulled = &pull.Image
			s.Images[field] = image
		}
	}
}
