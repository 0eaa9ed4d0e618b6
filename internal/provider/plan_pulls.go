package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// verifyPlan looks up what builds would pull for the images that a plan changes. It returns a warning for
// each that is missing and, if verification is required, an error for each that could not be looked up.
func (d *providerData) verifyPlan(ctx context.Context, scope harness.Scope, images []plannedImage) (diags diag.Diagnostics) {
	var changed []plannedImage
	var refs []string
	for _, planned := range images {
		if planned.changes && planned.image != "" {
			changed, refs = append(changed, planned), append(refs, planned.image)
		}
	}
	for i, err := range d.verify(ctx, scope.Module, refs, d.pulls.CheckPlan) {
		target := execconfig.Target{Scope: scope, Field: changed[i].field}
		if missing, ok := errors.AsType[*pulls.MissingError](err); ok {
			diags.Append(missingWarning(missing, target, changed[i].imagePath))
		} else if err != nil {
			diags.Append(diag.WithPath(changed[i].imagePath, d.failure("verify the image of", target, err)))
		}
	}
	return diags
}

// verifyWrites looks up what builds would pull for images that are about to be stored, and returns, by
// field, why an image must not be stored.
func (d *providerData) verifyWrites(ctx context.Context, module harness.Module, images map[string]string) execconfig.FieldErrors {
	failed := execconfig.FieldErrors{}
	fields := fieldsOf(images)
	refs := make([]string, len(fields))
	for i, field := range fields {
		refs[i] = images[field]
	}
	for i, err := range d.verify(ctx, module, refs, d.pulls.CheckWrite) {
		if err != nil {
			failed[fields[i]] = err
		}
	}
	return failed
}

// verify looks images up. It returns an error for each that is missing and, if verification is required, for
// each that could not be looked up.
func (d *providerData) verify(
	ctx context.Context, module harness.Module, images []string, check func(context.Context, []string) []error,
) []error {
	if len(images) == 0 || d.registry == nil || d.verifyImages == verifyOff {
		return nil
	}
	var outcomes []error
	if module.UsesImageConnector() {
		outcomes = check(ctx, images)
	} else {
		outcomes = slices.Repeat([]error{&pulls.UncheckedError{Err: errUndocumentedPull}}, len(images))
	}
	for i, err := range outcomes {
		if unchecked, ok := errors.AsType[*pulls.UncheckedError](err); ok {
			if outcomes[i] = nil; d.verifyImages == verifyRequired {
				outcomes[i] = &unverifiableError{unchecked}
			}
		}
	}
	return outcomes
}

// errUndocumentedPull is why images of Database DevOps cannot be verified.
var errUndocumentedPull = errors.New("nothing documents which connector Database DevOps pulls through, so the name " +
	"that it pulls is unknown")

// unverifiableError is an image that could not be looked up where verification is required.
type unverifiableError struct{ *pulls.UncheckedError }

// Unwrap returns what kept the image from being looked up.
func (e *unverifiableError) Unwrap() error { return e.UncheckedError }

// Reason says why the image could not be looked up.
func (e *unverifiableError) Reason() string {
	if e.Host != "" || errors.Is(e, errUndocumentedPull) {
		return e.Error()
	}
	return "The account's image connector cannot be read or is not known yet, so the name that builds pull is unknown"
}

// Advice says what to do next.
func (e *unverifiableError) Advice() string {
	required := "With verify_images = \"required\", every image must be found before it is stored; \"when_reachable\" " +
		"continues if a registry does not answer."
	if more := registryAdvice(e.Err); more != "" {
		return more + "\n\n" + required
	}
	return required
}

// missingAdvice is for an image that its registry does not have.
func missingAdvice(err error) string {
	missing, ok := errors.AsType[*pulls.MissingError](err)
	switch {
	case !ok:
		return ""
	case missing.Pull.Problem == imageref.Doubled:
		return "Harness puts the connector's registry before the name. Write it without a registry: " + imageref.WithoutHost(missing.Stored)
	}
	return "Nothing was written. Correct the tag, or copy the image there first: a harnessci_image_copy whose destination " +
		"the override refers to is created before it."
}

// missingWarning is what a plan says of a missing image.
func missingWarning(missing *pulls.MissingError, target execconfig.Target, at path.Path) diag.Diagnostic {
	return diag.NewAttributeWarningDiagnostic(at, fmt.Sprintf("The image of %s is not in its registry", target),
		text.Sentence(missing.Reason())+"\n\n"+facts(nil, missing)+"\n\nThe apply looks again, and stops before it writes this "+
			"override if the image is not there by then. Correct the tag, or copy the image there first: a "+
			"harnessci_image_copy whose destination the override refers to is created before it.")
}

// namedImage is an image and where it is stored or planned.
type namedImage struct {
	target execconfig.Target
	image  string
	at     path.Path // where warnings go
}

// checkPulls warns of planned images that builds will not pull under the written name. It reads the
// connector only if a changed image names a registry: other names get the connector's, as intended.
func (d *providerData) checkPulls(ctx context.Context, scope harness.Scope, images []plannedImage) diag.Diagnostics {
	if !scope.Module.UsesImageConnector() {
		return nil
	}
	var changing []namedImage
	for _, planned := range images {
		if planned.changes && imageref.WithoutHost(planned.image) != planned.image {
			changing = append(changing, namedImage{execconfig.Target{Scope: scope, Field: planned.field}, planned.image, planned.imagePath})
		}
	}
	if len(changing) == 0 {
		return nil
	}
	through, err := d.connector.Effective(ctx)
	if err != nil || through.Type != "" && through.Type != harness.DockerRegistry {
		return nil
	}
	notice := "\n\nThis is based on the current connector. If this configuration also changes the connector, add " +
		"depends_on = [harnessci_image_connector.<name>] to this resource, so that the connector is planned and " +
		"applied first."
	if through.Planned {
		notice = ""
	}
	return pullWarnings(through.URL, "planned", changing, notice)
}

// checkExistingPulls warns of the existing overrides that a planned URL breaks. Overrides that cannot be
// read are left out: the plan of the connector does not depend on them.
func (d *providerData) checkExistingPulls(ctx context.Context, url types.String) diag.Diagnostics {
	if url.IsUnknown() {
		return nil
	}
	var mu sync.Mutex
	var existing []namedImage
	var reads sync.WaitGroup
	for _, module := range harness.Modules() {
		if !module.UsesImageConnector() {
			continue
		}
		for _, infra := range module.Infras() {
			scope := harness.Scope{Module: module, Infra: infra}
			reads.Go(func() {
				overrides, _ := d.account.Overrides(ctx, scope)
				mu.Lock()
				defer mu.Unlock()
				for field, image := range overrides {
					existing = append(existing, namedImage{execconfig.Target{Scope: scope, Field: field}, image, path.Root("url")})
				}
			})
		}
	}
	reads.Wait()
	slices.SortFunc(existing, func(a, b namedImage) int { return strings.Compare(a.target.String(), b.target.String()) })
	return pullWarnings(url.ValueString(), "stored", existing,
		"\n\nThese overrides are set now. Change them first, or in this run with depends_on, so that no build "+
			"breaks in the meantime.")
}

// pullWarnings returns one warning for each registry and each problem of images under a connector's URL.
// The label says what the images are: "planned" or "stored".
func pullWarnings(url, label string, images []namedImage, notice string) (diags diag.Diagnostics) {
	type cause struct {
		problem imageref.Problem
		host    string
	}
	var causes []cause
	found := map[cause][]namedImage{}
	for _, named := range images {
		pull := imageref.Resolve(url, named.image)
		c := cause{pull.Problem, registryOf(named.image)}
		if pull.Problem != imageref.Doubled && pull.Problem != imageref.NoCredentials {
			continue
		}
		if found[c] == nil {
			causes = append(causes, c)
		}
		found[c] = append(found[c], named)
	}
	for _, c := range causes {
		at := found[c][0].at
		if len(found[c]) > 1 {
			at = at.ParentPath()
		}
		if len(at.Steps()) == 0 {
			at = found[c][0].at
		}
		summary, detail := noCredentials(url, c.host, label, found[c])
		if c.problem == imageref.Doubled {
			summary, detail = doubled(url, c.host, label, found[c])
		}
		diags.AddAttributeWarning(at, summary, detail+notice)
	}
	return diags
}

func doubled(url, host, label string, images []namedImage) (summary, detail string) {
	connectorHost, _, _ := imageref.SplitConnectorURL(url)
	var list strings.Builder
	for _, named := range images {
		fmt.Fprintf(&list, "\n  %s\n    %-8s %s\n    pulled:  %s\n    instead: %s\n", named.target, label+":", named.image,
			imageref.Resolve(url, named.image).Image, imageref.WithoutHost(named.image))
	}
	return fmt.Sprintf("Builds would look for %s inside %s", host, connectorHost),
		fmt.Sprintf("Harness puts the registry of the image connector, %s, before a name that does not contain its host. No "+
			"registry has the resulting name, so builds fail to pull it:\n%s\nWrite the names without a registry.", showURL(url), list.String())
}

func noCredentials(url, host, label string, images []namedImage) (summary, detail string) {
	var list strings.Builder
	for _, named := range images {
		fmt.Fprintf(&list, "\n  %s\n    %-8s %s\n    instead: %s\n", named.target, label+":", named.image, imageref.WithoutHost(named.image))
	}
	through := "The account has no image connector"
	if url != "" {
		through = "The image connector's registry is " + showURL(url)
	}
	return fmt.Sprintf("Builds would pull from %s without credentials", host),
		fmt.Sprintf("%s, so no login is used for %s:\n%s\nIf that registry allows anonymous pulls, or the nodes "+
			"have their own credentials, nothing needs to change. Otherwise make it the registry of "+
			"harnessci_image_connector, with its login, and write the names without a "+
			"registry.", through, host, list.String())
}

// registryOf returns the registry of an image; "" if it is not a reference.
func registryOf(image string) string {
	parsed, _ := imageref.Parse(image)
	return parsed.Registry
}
