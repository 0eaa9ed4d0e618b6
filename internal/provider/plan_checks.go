package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// plannedImage is one override in a plan.
type plannedImage struct {
	field     string    // known
	fieldPath path.Path // where errors about the field go
	image     string    // "" while unknown
	imagePath path.Path // where warnings about the image go
	// creating: no prior state has this override, so the create takes over an existing one.
	creating bool
	// changes: the prior state has another image for this override, or none.
	changes bool
}

// checkPlan asks the server and returns what the user should know: fields that do not exist are errors,
// everything else a warning. It runs again in the apply, and in each plan of an unchanged resource, where
// only news is worth a warning.
func (d *providerData) checkPlan(ctx context.Context, scope harness.Scope, images []plannedImage) diag.Diagnostics {
	if !d.known() || len(images) == 0 {
		return nil
	}
	d.findings.begin()
	diags, found := d.checkImages(ctx, scope, images)
	return append(diags, warnings(d.findings.end(found))...)
}

func (d *providerData) checkImages(ctx context.Context, scope harness.Scope, images []plannedImage) (diags diag.Diagnostics, found []finding) {
	verified := async(func() verified { return d.verifyPlan(ctx, scope, images) })
	pulled := async(func() []finding { return d.checkPulls(ctx, scope, images) })
	server := d.account.PlanImages(ctx, scope)
	diags.Append(d.oddities()...)
	if server.Err() != nil {
		stops := harness.IsLasting(server.Err()) && slices.ContainsFunc(images, func(p plannedImage) bool { return p.changes })
		diags.Append(d.notChecked(server, stops))
		if stops {
			return diags, nil
		}
	}
	for _, planned := range images {
		if server.Err() == nil && !server.Has(planned.field) && !d.skipFieldValidation {
			diags.Append(d.unknownField(ctx, server, planned))
			continue
		}
		if problem := checkReference(server, planned); problem != nil {
			diags.Append(problem)
			continue
		}
		found = append(found, d.checkTakeOver(server, planned)...)
		found = append(found, checkAgainstDefault(server, planned)...)
		found = append(found, checkDead(server, planned)...)
	}
	found = append(found, pulled()...)
	looked := verified()
	diags.Append(looked.failed...)
	return diags, append(found, looked.found...)
}

// async starts some work, and returns a function that waits for its outcome.
func async[T any](work func() T) (wait func() T) {
	outcome := make(chan T, 1)
	go func() { outcome <- work() }()
	return func() T { return <-outcome }
}

// notChecked reports which checks are skipped because a read failed: an error if the apply of a change
// cannot work either, else a warning. A cause is explained once a run.
func (d *providerData) notChecked(server execconfig.PlanImages, stops bool) diag.Diagnostic {
	if stops {
		return d.stopped("check the planned images of", server.Scope, server.Err())
	}
	if first, again := d.reported.before(server.Err(), server.Scope); again {
		return diag.NewWarningDiagnostic("Could not check all planned images",
			fmt.Sprintf("The cause is the same as for %s.", first))
	}
	missing := []string{"whether the fields exist"}
	if server.OverridesErr != nil {
		missing = append(missing, "whether an override is taken over")
	}
	if server.DefaultsErr != nil {
		missing = append(missing, "how the images compare to the defaults")
	}
	return diag.NewWarningDiagnostic(fmt.Sprintf("Could not check the planned images of %s", server.Scope),
		explain(server.Scope, server.Err())+"\n\nThe plan continues without these checks: "+strings.Join(missing, "; ")+
			".")
}

// unknownField is the error for a field that neither the defaults nor the overrides list.
func (d *providerData) unknownField(ctx context.Context, server execconfig.PlanImages, planned plannedImage) diag.Diagnostic {
	hints := append(d.fieldHints(ctx, server, planned), "The data source harnessci_default_images lists the "+
		"fields. If Harness has shipped this field and its defaults do not list it yet, set skip_field_validation "+
		"= true in the provider block.")
	return diag.NewAttributeErrorDiagnostic(planned.fieldPath,
		fmt.Sprintf("%s has no field %s", server.Scope, showName(planned.field)), strings.Join(hints, "\n\n"))
}

// fieldHints suggests the field that may be meant: one with a similar name or, unless one here differs only
// in case, the same one on the other infra.
func (d *providerData) fieldHints(ctx context.Context, server execconfig.PlanImages, planned plannedImage) []string {
	var hints []string
	near := nearestFields(planned.field, fieldsOf(server.Defaults, server.Overrides))
	switch {
	case len(near) == 0:
	case strings.EqualFold(near[0], planned.field):
		return append(hints, fmt.Sprintf("Did you mean %s? Field names are case-sensitive.", near[0]))
	default:
		hints = append(hints, fmt.Sprintf("Did you mean %s?", text.Or(near)))
	}
	for _, infra := range server.Scope.Module.Infras() {
		if infra == server.Scope.Infra {
			continue
		}
		other := harness.Scope{Module: server.Scope.Module, Infra: infra}
		if name, found := d.spelledIn(ctx, other, planned.field); found {
			hints = append(hints, fmt.Sprintf("%s has the field %s: did you mean infra = %q?", other, name, infra))
		}
	}
	return hints
}

// spelledIn returns how the defaults of another module and infra spell a field, if they list it. If they
// cannot be read, the error comes without this hint.
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

// checkTakeOver finds a create over an existing override, in the plan and in the apply, where CLIs print it
// after the creation.
func (d *providerData) checkTakeOver(server execconfig.PlanImages, planned plannedImage) []finding {
	target := execconfig.Target{Scope: server.Scope, Field: planned.field}
	present, exists := server.Overrides[planned.field]
	if !planned.creating || !exists || d.account.WasReset(target) || d.reported.hasRefreshed(target) {
		return nil
	}
	f := finding{target: target, at: planned.imagePath, facts: text.Facts{{Name: "found", Value: showImage(present)}}}
	if present == planned.image {
		f.cause = cause{
			"Existing overrides have the planned images already",
			"No resource in the state manages these overrides, which were set by an interrupted run, a resource at another " +
				"address or somebody else:",
			"Creating a resource takes over its override: from then on the resource manages it, and destroying the " +
				"resource resets the field.",
		}
		return []finding{f}
	}
	becomes := planned.image
	if becomes == "" {
		becomes = "(known after apply)"
	}
	f.facts = append(f.facts, text.Fact{Name: "planned", Value: becomes})
	f.cause = cause{
		"Creating resources replaces existing overrides",
		"The account has these overrides with other images, and no resource in the state manages them:",
		"To replace them, continue. To keep one as it is, set value to what was found; to adopt it before the apply, import " +
			"it:\n\n  terraform import 'harnessci_image_override.<name>' <module>/<infra>/<field>\n\nIf a resource was " +
			"renamed, add a moved block instead.",
	}
	return []finding{f}
}

// showImage returns an image from a server as it is if it is safe to show, else quoted.
func showImage(image string) string {
	if _, err := imageref.Parse(image); err != nil {
		return text.Quote(image)
	}
	return image
}

// showName returns a name from a state or a server as it is if it is safe to show, else quoted.
func showName(name string) string {
	if checkField(name) != nil {
		return text.Quote(name)
	}
	return name
}
