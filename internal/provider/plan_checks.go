package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// plannedImage is one override as a plan has it.
type plannedImage struct {
	field     string    // known
	fieldPath path.Path // where errors about the field go
	image     string    // "" while unknown
	imagePath path.Path // where warnings about the image go
	// creating: no prior state has this override, so that one that stands would be taken over.
	creating bool
	// changes: the plan gives the override this image, and the prior state has another one or none.
	changes bool
}

// checkPlan asks the server and returns what the user should know: fields that do not exist are
// errors, all else are warnings. It runs again in the apply, and in each plan of an unchanged
// resource, where only what has become true since is worth a warning.
func (d *providerData) checkPlan(ctx context.Context, scope harness.Scope, images []plannedImage) (diags diag.Diagnostics) {
	if !d.known() || len(images) == 0 {
		return nil
	}
	verified := d.verifyPlan(ctx, scope, images)
	server := d.account.PlanImages(ctx, scope)
	diags.Append(d.oddities()...)
	if server.Err() != nil {
		diags.Append(notChecked(server))
	}
	for _, planned := range images {
		if server.Err() == nil && !server.Has(planned.field) && !d.skipFieldValidation {
			diags.Append(d.unknownField(ctx, server, planned))
			continue
		}
		diags.Append(d.checkTakeOver(server, planned)...)
		diags.Append(checkAgainstDefault(server, planned)...)
	}
	diags.Append(d.checkPulls(ctx, scope, images)...)
	return append(diags, verified()...)
}

// notChecked warns that the plan goes on without the checks that need what could not be read. It
// is the same for every resource of a module and infra, so that CLIs show one.
func notChecked(server execconfig.PlanImages) diag.Diagnostic {
	missing := []string{"whether the fields exist"}
	if server.OverridesErr != nil {
		missing = append(missing, "whether an override is taken over")
	}
	if server.DefaultsErr != nil {
		missing = append(missing, "how the images compare to the defaults")
	}
	return diag.NewWarningDiagnostic(fmt.Sprintf("Could not check the planned images of %s", server.Scope),
		explain(server.Scope, server.Err())+"\n\nThe plan goes on without these checks: "+strings.Join(missing, "; ")+".")
}

// unknownField is the error for a field that neither defaults nor overrides show.
func (d *providerData) unknownField(ctx context.Context, server execconfig.PlanImages, planned plannedImage) diag.Diagnostic {
	hints := append(d.fieldHints(ctx, server, planned), "The data source harnessci_default_images lists the fields. If Harness has "+
		"shipped this one and its defaults do not show it yet, set skip_field_validation = true in the provider block.")
	return diag.NewAttributeErrorDiagnostic(planned.fieldPath,
		fmt.Sprintf("%s has no field %s", server.Scope, planned.field), strings.Join(hints, "\n\n"))
}

// fieldHints says which field may be meant instead: one that is named alike or, where none here
// differs in the case of its letters alone, the same one of the other infra.
func (d *providerData) fieldHints(ctx context.Context, server execconfig.PlanImages, planned plannedImage) []string {
	var hints []string
	near := nearestFields(planned.field, fieldsOf(server.Defaults, server.Overrides))
	switch {
	case len(near) == 0:
	case strings.EqualFold(near[0], planned.field):
		return append(hints, fmt.Sprintf("Did you mean %s? Upper and lower case count.", near[0]))
	default:
		hints = append(hints, fmt.Sprintf("Did you mean %s?", text.Or(near)))
	}
	for _, infra := range harness.Infras() {
		if infra == server.Scope.Infra {
			continue
		}
		other := harness.Scope{Module: server.Scope.Module, Infra: infra}
		if name, found := d.spelledIn(ctx, other, planned.field); found {
			hints = append(hints, fmt.Sprintf("%s has the field %s: is infra = %q meant?", other, name, infra))
		}
	}
	return hints
}

// spelledIn returns how the defaults of another module and infra spell a field, if they have it.
// That they cannot be read is no news: the error at hand stands without them.
func (d *providerData) spelledIn(ctx context.Context, scope harness.Scope, field string) (name string, found bool) {
	defaults, err := d.account.PlanDefaults(ctx, scope)
	if err != nil {
		return "", false
	}
	for known := range defaults {
		if strings.EqualFold(known, field) {
			return known, true
		}
	}
	return "", false
}

// checkTakeOver warns of a create over an override that stands with another image. It is said in the
// plan, and in the apply, where CLIs print it after the creation.
func (d *providerData) checkTakeOver(server execconfig.PlanImages, planned plannedImage) diag.Diagnostics {
	target := execconfig.Target{Scope: server.Scope, Field: planned.field}
	present, stands := server.Overrides[planned.field]
	if !planned.creating || !stands || present == planned.image || d.account.WasReset(target) {
		return nil
	}
	becomes := planned.image
	if becomes == "" {
		becomes = "(known after apply)"
	}
	return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(planned.imagePath,
		fmt.Sprintf("Creating %s replaces an override", target),
		fmt.Sprintf(`  found:   %[1]s
  planned: %[2]s

For a renamed resource, add a moved block instead. To see in a plan what becomes of another's override, import it before the apply:

  terraform import 'harnessci_image_override.<name>' %[3]s`, showImage(present), becomes, target))}
}

// checkAgainstDefault warns of an image that is not the default's, and of one that the vendor no
// longer supports while that default is current.
func checkAgainstDefault(server execconfig.PlanImages, planned plannedImage) diag.Diagnostics {
	preset := server.Defaults[planned.field]
	image, err := imageref.Parse(planned.image)
	if err != nil { // not known yet; what is no image reference does not get here
		return nil
	}
	latest, err := imageref.Parse(preset)
	if err != nil {
		return nil
	}
	target := execconfig.Target{Scope: server.Scope, Field: planned.field}
	if image.Name != latest.Name {
		if !planned.creating && server.Overrides[planned.field] == planned.image {
			return nil // it was said when the image was set
		}
		return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(planned.imagePath,
			fmt.Sprintf("The image of %s is not named %s", target, latest.Name),
			fmt.Sprintf("Builds would run another image than Harness has there:\n\n  default: %s\n  planned: %s\n\n"+
				"Check that the image belongs to this field. If it is a copy under another name, nothing is wrong.",
				preset, planned.image))}
	}
	window, applies := imageref.SupportWindow(preset)
	behind, comparable := imageref.Compare(image, latest)
	if !applies || !comparable || behind.Releases <= window {
		return nil
	}
	count := fmt.Sprintf("%d releases", behind.Releases)
	if !behind.Exact {
		count = "at least " + count
	}
	return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(planned.imagePath,
		fmt.Sprintf("The image of %s is %s behind", target, count),
		fmt.Sprintf("Harness supports the latest release of its harness/ci-* images and the %d before it:\n\n"+
			"  default: %s\n  planned: %s\n\n"+
			"Builds go on, with a warning in the Harness UI, and hotfixes do not reach this release. Choose a newer "+
			"one, or remove the override to run the default.", window, preset, planned.image))}
}

// showImage returns a server's image as it is where it is harmless to show, else quoted.
func showImage(image string) string {
	if _, err := imageref.Parse(image); err != nil {
		return text.Quote(image)
	}
	return image
}

// showName returns a name from a state or a server as it is where it is harmless to show, else quoted.
func showName(name string) string {
	if checkField(name) != nil {
		return text.Quote(name)
	}
	return name
}
