package provider

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// oddities returns one warning for everything odd in answers that this run has not reported yet.
func (d *providerData) oddities() diag.Diagnostics {
	if d.client == nil {
		return nil
	}
	odd := d.client.Oddities()
	if len(odd) == 0 {
		return nil
	}
	for i, said := range odd {
		odd[i] = text.Sentence(said)
	}
	return diag.Diagnostics{diag.NewWarningDiagnostic("The server's answers contain invalid values",
		strings.Join(odd, "\n")+"\n\nThe rest of the answers is used. Set these fields again, or contact Harness "+
			"support.")}
}
