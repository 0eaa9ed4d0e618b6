package provider

import "github.com/hashicorp/terraform-plugin-framework/diag"

// toleratedInDestroy returns what is found against a plan.
func (d *providerData) toleratedInDestroy(diags diag.Diagnostics) diag.Diagnostics { return diags }
