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
	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

// providerData is what the provider's Configure passes to resources and data sources.
type providerData struct {
	// account is nil while a value of the provider's configuration is not known yet.
	account *execconfig.Account
	// plan is who has which override in this run.
	plan                owners.Plan
	client              *harness.Client
	connector           *connector.Account
	accountID           string
	skipFieldValidation bool
	// command is what the CLI runs, as far as that is known.
	command command
	// targeted: the CLI runs for some targets only.
	targeted bool
	// registry is nil while registries in the provider block are not known.
	registry     *registry.Client
	pulls        *pulls.Run
	copies       copyRun
	verifyImages verification
	reported     reported
	findings     findings
}

// known reports whether the provider's configuration is complete, so that the API can be called.
func (d *providerData) known() bool { return d != nil && d.account != nil }

// requireKnown adds an error if an operation needs the API before the configuration is known.
func (d *providerData) requireKnown(operation string, diags *diag.Diagnostics) bool {
	if !d.known() {
		diags.AddError("Could not "+operation+": the provider's configuration is not known yet",
			"A value in the provider block, such as api_key, comes from a resource that has not been applied. "+
				"Apply that resource first (-target), or take the value from a variable.")
	}
	return d.known()
}

// requireRegistries adds an error if an operation needs a registry before the configuration is known.
func (d *providerData) requireRegistries(operation string, diags *diag.Diagnostics) bool {
	known := d != nil && d.registry != nil
	if !known {
		diags.AddError("Could not "+operation+": the provider's configuration is not known yet",
			"A value in the provider block, such as a password in registries, comes from a resource that has not been "+
				"applied. Apply that resource first (-target), or take the value from a variable.")
	}
	return known
}

// notices are warnings about what writes met on this machine, such as a lock; each is given once a run.
func (d *providerData) notices() (diags diag.Diagnostics) {
	for _, notice := range d.account.Notices() {
		diags.AddWarning(notice.Summary, notice.Detail)
	}
	return diags
}

// dataFrom returns what Configure passed on; nil before Configure, when schemas and values are checked.
func dataFrom(handed any, diags *diag.Diagnostics) *providerData {
	data, ok := handed.(*providerData)
	if handed != nil && !ok {
		diags.AddError("Unexpected provider data", fmt.Sprintf("Configure returned a %T. Please report this bug.", handed))
	}
	return data
}

// configuredResource is embedded by resources; it keeps the provider's data.
type configuredResource struct{ data *providerData }

// Configure keeps the provider's data.
func (c *configuredResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	c.data = dataFrom(req.ProviderData, &resp.Diagnostics)
}

// configuredDataSource is embedded by data sources; it keeps the provider's data.
type configuredDataSource struct{ data *providerData }

// Configure keeps the provider's data.
func (c *configuredDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	c.data = dataFrom(req.ProviderData, &resp.Diagnostics)
}
