package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/harnessci/terraform-provider-harnessci/internal/connector"
	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// providerData is what the provider's Configure hands out, to resources and data sources alike.
type providerData struct {
	// account is nil while the provider's configuration holds values that are not known yet.
	account             *execconfig.Account
	client              *harness.Client
	connector           *connector.Account
	accountID           string
	skipFieldValidation bool
	// command is what the CLI runs, as far as that is known.
	command  command
	registry *registries
	told     told
}

// known reports that the provider's configuration is complete, so that the API can be asked.
func (d *providerData) known() bool { return d != nil && d.account != nil }

// requireKnown adds an error where an operation cannot do without the API and has to.
func (d *providerData) requireKnown(operation string, diags *diag.Diagnostics) bool {
	if !d.known() {
		diags.AddError("Could not "+operation+": the provider's configuration is not known yet",
			"A value in the provider block, such as api_key, comes from a resource that has not been applied. "+
				"Apply that resource first (-target), or take the value from a variable.")
	}
	return d.known()
}

// notices are warnings of what writes have run into on this machine, each once a run.
func (d *providerData) notices() (diags diag.Diagnostics) {
	for _, notice := range d.account.Notices() {
		diags.AddWarning(notice.Summary, notice.Detail)
	}
	return diags
}

// dataFrom returns what Configure handed out; nil before it, where schemas and values are checked.
func dataFrom(handed any, diags *diag.Diagnostics) *providerData {
	data, ok := handed.(*providerData)
	if handed != nil && !ok {
		diags.AddError("Unexpected provider data", fmt.Sprintf("Configure returned a %T. Please report this bug.", handed))
	}
	return data
}

// configuredResource is embedded by resources; it keeps what the provider hands out.
type configuredResource struct{ data *providerData }

// Configure keeps what the provider hands out.
func (c *configuredResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	c.data = dataFrom(req.ProviderData, &resp.Diagnostics)
}

// configuredDataSource is embedded by data sources; it keeps what the provider hands out.
type configuredDataSource struct{ data *providerData }

// Configure keeps what the provider hands out.
func (c *configuredDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	c.data = dataFrom(req.ProviderData, &resp.Diagnostics)
}
