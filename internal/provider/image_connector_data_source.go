package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/connector"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// imageConnectorDataSource is harnessci_image_connector: where builds pull Harness images from.
type imageConnectorDataSource struct{ configuredDataSource }

var _ datasource.DataSourceWithConfigure = (*imageConnectorDataSource)(nil)

func newImageConnectorDataSource() datasource.DataSource { return &imageConnectorDataSource{} }

// connectorDescription is a connector as data sources show it. What does not apply is nil.
type connectorDescription struct {
	Exists            bool     `tfsdk:"exists"`
	Type              *string  `tfsdk:"type"`
	Name              *string  `tfsdk:"name"`
	URL               *string  `tfsdk:"url"`
	Host              *string  `tfsdk:"host"`
	DockerHub         *bool    `tfsdk:"docker_hub"`
	Anonymous         *bool    `tfsdk:"anonymous"`
	Username          *string  `tfsdk:"username"`
	UsernameRef       *string  `tfsdk:"username_ref"`
	PasswordRef       *string  `tfsdk:"password_ref"`
	DelegateSelectors []string `tfsdk:"delegate_selectors"`
	ExecuteOnDelegate *bool    `tfsdk:"execute_on_delegate"`
	Status            *string  `tfsdk:"status"`
	StatusCurrent     *bool    `tfsdk:"status_current"`
	ErrorSummary      *string  `tfsdk:"error_summary"`
}

// describe returns a connector as data sources show it.
func describe(found connector.Found) connectorDescription {
	if !found.Exists {
		return connectorDescription{}
	}
	out := connectorDescription{
		Exists: true, Type: &found.Type, Name: &found.Name,
		Status: optional(found.Status.State).ValueStringPointer(), StatusCurrent: new(found.StatusCurrent()),
		ErrorSummary: optional(errorSummary(found.Status)).ValueStringPointer(),
	}
	if !found.IsRegistry() {
		return out
	}
	registry := found.Registry
	out.URL = new(harness.ShowURL(registry.URL))
	if host, _, err := imageref.SplitConnectorURL(registry.URL); err == nil {
		out.Host, out.DockerHub = &host, new(imageref.IsDockerHub(host))
	}
	out.Anonymous = new(registry.Auth == harness.Anonymous)
	out.Username = optional(registry.Username).ValueStringPointer()
	out.UsernameRef = optional(registry.UsernameRef).ValueStringPointer()
	out.PasswordRef = optional(registry.PasswordRef).ValueStringPointer()
	out.DelegateSelectors = append([]string{}, registry.DelegateSelectors...)
	out.ExecuteOnDelegate = &registry.ExecuteOnDelegate
	return out
}

// errorSummary is why the last test failed.
func errorSummary(status harness.ConnectorStatus) string {
	if status.Summary != "" {
		return status.Summary
	}
	return text.And(status.Reasons)
}

// Metadata names the data source.
func (d *imageConnectorDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_image_connector"
}

// Schema describes the data source.
func (d *imageConnectorDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads the account's image connector, `harnessImage`, through which every build pulls " +
			"Harness images: its registry, its login, and whether its last test succeeded. A stage that sets its " +
			"own image connector does not use it.",
		Attributes: connectorAttributes(),
	}
}

// connectorAttributes are those of a connectorDescription.
func connectorAttributes() map[string]schema.Attribute {
	words := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	flag := func(description string) schema.BoolAttribute {
		return schema.BoolAttribute{Computed: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"exists": flag("Whether the account has the connector. Without it, names are pulled unchanged and without " +
			"credentials, and the other attributes are null."),
		"type": words("Type of the connector: `DockerRegistry`. Any other type (`Gcp`, `Aws`, `Azure`) leaves " +
			"image names unchanged, and the attributes that only a Docker registry has are null."),
		"name": words("Name of the connector."),
		"url":  words("URL of the registry, such as `https://index.docker.io/v2/`."),
		"host": words("Host in the URL, with its port; null if the URL cannot be parsed, in which case every " +
			"build fails."),
		"docker_hub":   flag("Whether the URL is Docker Hub's, which leaves image names unchanged."),
		"anonymous":    flag("Whether images are pulled without a login."),
		"username":     words("User of the login; null if there is none, or if it is in a secret."),
		"username_ref": words("Reference to the secret with the user name, such as `account.registry_user`."),
		"password_ref": words("Reference to the secret with the password, such as " +
			"`account.registry_password`."),
		"delegate_selectors":  schema.SetAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Tags of the delegates that may use the connector."},
		"execute_on_delegate": flag("Whether a delegate connects to the registry; with `true`, stages on Harness Cloud fail."),
		"status":              words("Outcome of the last connection test: `SUCCESS`, `FAILURE`, `PARTIAL`, `UNKNOWN` or `PENDING`."),
		"status_current": flag("Whether that test ran after the last change; if `false`, it tested earlier " +
			"settings."),
		"error_summary": words("Why the last test failed; null if it did not fail."),
	}
}

// Read asks the server for the connector.
func (d *imageConnectorDataSource) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.data.requireKnown("read the image connector", &resp.Diagnostics) {
		return
	}
	found, err := d.data.connector.Shared(ctx)
	if err != nil {
		resp.Diagnostics.Append(d.data.failure("read the image connector", nil, connectorError{err}))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, describe(found))...)
}
