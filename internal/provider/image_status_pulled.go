package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"

	"github.com/harnessci/terraform-provider-harnessci/internal/connector"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
)

func statusConnectorAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Computed:   true,
		Attributes: connectorAttributes(),
		MarkdownDescription: "Connector through which builds pull the images, as in the data source " +
			"`harnessci_image_connector`; null if it cannot be read, for example without the permission " +
			"`core_connector_view`.",
	}
}

func pulledAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "Name that builds pull: `effective`, with the connector's registry in front if " +
			"Harness adds it. Null if the connector cannot be read, and if its URL cannot be parsed, in which case every " +
			"build fails.",
	}
}

func pulledOnHarnessCloudAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "Name that a VM of Harness Cloud pulls, such as " +
			"`us-docker.pkg.dev/gar-prod-setup/harness-public/harness/drone-git:1.6.9`: its agent redirects fifteen of " +
			"Harness's images when the pull is anonymous and the name has no digest. Equal to `pulled` for all others. Null " +
			"where `pulled` is, and for images that do not run on VMs.",
	}
}

// pulledThrough adds the connector, and what builds pull through it.
func (s *imagesStatus) pulledThrough(found connector.Found, scope harness.Scope) {
	s.Connector = new(describe(found))
	anonymous := !found.Exists || found.Registry.Auth == harness.Anonymous
	for field, image := range s.Images {
		pull := imageref.Resolve(found.Registry.URL, image.Effective)
		if pull.Image == "" {
			continue
		}
		image.Pulled = &pull.Image
		if scope.Infra == harness.VM {
			image.PulledOnHarnessCloud = new(pulls.OnHarnessCloud(pull.Image, anonymous))
		}
		s.Images[field] = image
	}
}

// asked is the name that registries are asked for: where builds really pull.
func (i imageStatus) asked() string {
	if i.PulledOnHarnessCloud != nil {
		return *i.PulledOnHarnessCloud
	}
	return *i.Pulled
}
