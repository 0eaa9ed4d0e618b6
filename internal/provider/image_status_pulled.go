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
		MarkdownDescription: "Connector through which builds pull the images, as in the data source " +
			"`harnessci_image_connector`; null if it cannot be read, for example without the permission " +
			"`core_connector_view`, and for the module `dbops`, whose connector is not documented.",
	}
}

func pulledAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "Name that builds pull: `effective`, with the connector's registry in front if " +
			"Harness adds it. Null for the module `dbops`, if the connector cannot be read, and if its URL cannot " +
			"be parsed, in which case every build fails.",
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
