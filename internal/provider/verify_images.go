package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// maxNearest is how many similar tags a message suggests for one that does not exist.
const maxNearest = 3

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
	if len(changed) == 0 || !d.registry.verifies() {
		return nil
	}
	for i, err := range d.verify(ctx, scope.Module, refs, d.registry.planned) {
		target := execconfig.Target{Scope: scope, Field: changed[i].field}
		if absent, ok := errors.AsType[*absentError](err); ok {
			diags.Append(absent.warning(target, changed[i].imagePath))
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
	if len(images) == 0 || !d.registry.verifies() {
		return failed
	}
	fields := fieldsOf(images)
	refs := make([]string, len(fields))
	for i, field := range fields {
		refs[i] = images[field]
	}
	for i, err := range d.verify(ctx, module, refs, d.registry.written) {
		if err != nil {
			failed[fields[i]] = err
		}
	}
	return failed
}

// verify looks up what builds would pull for images, all at once. It returns an error for each that is
// missing and, if verification is required, for each that could not be looked up.
func (d *providerData) verify(ctx context.Context, module harness.Module, images []string, ask func(context.Context, string) error) []error {
	if !module.UsesImageConnector() {
		return slices.Repeat([]error{d.registry.unproven(errUndocumentedPull)}, len(images))
	}
	defer d.registry.greet(ctx, images)()
	url, _, known := d.connector.Effective(ctx)
	if !known {
		return slices.Repeat([]error{d.registry.unproven(errUnknownPull)}, len(images))
	}
	return askForAll(images, func(image string) error {
		pull := imageref.Resolve(url, image)
		if pull.Host == "" { // not a reference that a registry could be asked for
			return nil
		}
		err := ask(ctx, pull.Image)
		if isAbsent(err) {
			return &absentError{stored: image, pull: pull, nearest: d.registry.nearest(ctx, pull.Image, err), err: err}
		}
		if err != nil {
			return d.registry.unproven(err)
		}
		return nil
	})
}

// greet asks the registries that images name how to log in, while the connector is being read: a connector
// that works leaves these names unchanged. The caller ends it with the returned function.
func (r *registries) greet(ctx context.Context, images []string) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for _, image := range images {
		if imageref.WithoutHost(image) == image || r.makes(image) {
			continue // the connector decides on its registry, or it is not looked up
		}
		all.Go(func() {
			_, _ = r.greetings.Do(ctx, hostOf(image), func(ctx context.Context) (struct{}, error) {
				ctx, cancel := context.WithTimeout(ctx, r.patience)
				defer cancel()
				return struct{}{}, r.verifier().Greet(ctx, image) // the lookup reports why it fails
			})
		})
	}
	return func() {
		cancel()
		all.Wait()
	}
}

// verifier is the client that looks images up.
func (r *registries) verifier() *registry.Client {
	if r.mode == verifyRequired {
		return r.client
	}
	return r.probe
}

// askForAll asks for all images at once, and returns the outcome of each in its place.
func askForAll(images []string, ask func(image string) error) []error {
	outcomes := make([]error, len(images))
	var all sync.WaitGroup
	for i, image := range images {
		all.Go(func() { outcomes[i] = ask(image) })
	}
	all.Wait()
	return outcomes
}

// errUndocumentedPull is why images of Database DevOps cannot be verified.
var errUndocumentedPull = errors.New("nothing documents which connector Database DevOps pulls through, so the name " +
	"that it pulls is unknown")

// errUnknownPull is why an image cannot be verified whose pulled name is not known.
var errUnknownPull = errors.New("the account's image connector cannot be read or is not known yet, so the name that builds " +
	"pull is unknown")

// verifies reports whether images are looked up before they are stored.
func (r *registries) verifies() bool { return r.known() && r.mode != verifyOff }

// unproven returns what to make of an error that proves nothing about an image.
func (r *registries) unproven(err error) error {
	if r.mode != verifyRequired {
		return nil
	}
	return &unverifiableError{err}
}

// planned looks up an image for a plan, unless a copy of this run creates it.
func (r *registries) planned(ctx context.Context, pull string) error {
	if r.makes(pull) {
		return nil
	}
	_, err := r.lookUp(ctx, pull)
	return err
}

// written looks up an image for a write. One that was missing before may have been pushed since.
func (r *registries) written(ctx context.Context, pull string) error {
	_, err := r.lookUp(ctx, pull)
	if isAbsent(err) {
		r.changed(pull)
		_, err = r.lookUp(ctx, pull)
	}
	return err
}

// lookUp asks for an image: once a run and, unless verification is required, only while its host answers in
// time.
func (r *registries) lookUp(ctx context.Context, pull string) (registry.Descriptor, error) {
	if r.mode == verifyRequired {
		return r.head(ctx, pull)
	}
	return r.probes.Do(ctx, fullName(pull), func(ctx context.Context) (found registry.Descriptor, err error) {
		err = r.budgets.spend(ctx, hostOf(pull), r.patience, func(ctx context.Context) error {
			found, err = r.probe.Head(ctx, pull)
			return err
		})
		return found, err
	})
}

// nearest returns existing tags that are similar to a missing one.
func (r *registries) nearest(ctx context.Context, pull string, absent error) (nearest []string) {
	image, err := imageref.Parse(pull)
	if kind, _ := registry.KindOf(absent); err != nil || kind != registry.NotFound || image.Tag == "" {
		return nil
	}
	_ = r.budgets.spend(ctx, hostOf(pull), r.patience, func(ctx context.Context) error { // a hint, or none
		tags, err := r.probe.Tags(ctx, pull)
		nearest = imageref.NearestTags(image.Tag, tags, maxNearest)
		return err
	})
	return nearest
}

// hostOf returns the registry of an image by its canonical name.
func hostOf(ref string) string {
	image, err := imageref.Parse(ref)
	if err != nil {
		return ""
	}
	return imageref.CanonicalHost(image.Registry)
}

// unverifiableError is an image that could not be looked up where verification is required.
type unverifiableError struct{ err error }

// Error returns why.
func (e *unverifiableError) Error() string { return e.err.Error() }

// Unwrap returns why.
func (e *unverifiableError) Unwrap() error { return e.err }

// Advice says what to do next.
func (e *unverifiableError) Advice() string {
	required := "With verify_images = \"required\", every image must be found before it is stored; \"when_reachable\" " +
		"continues if a registry does not answer."
	if more := registryAdvice(e.err); more != "" {
		return more + "\n\n" + required
	}
	return required
}

// absentError is an image that its registry definitely does not have.
type absentError struct {
	stored  string
	pull    imageref.Pull
	nearest []string
	err     error
}

// Error says what is missing where.
func (e *absentError) Error() string { return e.Reason() + ": " + e.err.Error() }

// Unwrap returns the registry's answer.
func (e *absentError) Unwrap() error { return e.err }

// Reason says what is missing where.
func (e *absentError) Reason() string {
	what := "has no such tag"
	if kind, _ := registry.KindOf(e.err); kind == registry.NoRepository {
		what = "has no such repository"
	}
	return fmt.Sprintf("%s %s, and builds would fail to pull the image", hostOf(e.pull.Image), what)
}

// Facts returns the stored name, the pulled one where it differs, and the nearest tags.
func (e *absentError) Facts() text.Facts {
	facts := text.Facts{{Name: "image", Value: e.stored}}
	if e.pull.Image != e.stored {
		facts = append(facts, text.Fact{Name: "pulled", Value: e.pull.Image})
	}
	for _, tag := range e.nearest {
		facts = append(facts, text.Fact{Name: "nearest tags", Value: tag})
	}
	return facts
}

// Advice says what to do next.
func (e *absentError) Advice() string {
	if e.pull.Problem == imageref.Doubled {
		return "Harness puts the connector's registry before the name. Write it without a registry: " + imageref.WithoutHost(e.stored)
	}
	return "Nothing was written. Correct the tag, or copy the image there first: a harnessci_image_copy whose destination " +
		"the override refers to is created before it."
}

// warning is what a plan says of a missing image.
func (e *absentError) warning(target execconfig.Target, at path.Path) diag.Diagnostic {
	return diag.NewAttributeWarningDiagnostic(at, fmt.Sprintf("The image of %s is not in its registry", target),
		text.Sentence(e.Reason())+"\n\n"+facts(nil, e)+"\n\nThe apply looks again, and stops before it writes this "+
			"override if the image is not there by then. Correct the tag, or copy the image there first: a "+
			"harnessci_image_copy whose destination the override refers to is created before it.")
}
