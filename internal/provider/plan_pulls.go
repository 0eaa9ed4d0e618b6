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

// verified is what looking up the images of a plan has found: warnings, and errors if it is required.
type verified struct {
	found  []finding
	failed diag.Diagnostics
}

// verifyPlan looks up what builds would pull for the images that a plan changes.
func (d *providerData) verifyPlan(ctx context.Context, scope harness.Scope, images []plannedImage) (v verified) {
	changed := changedImages(scope, images)
	for i, err := range d.verify(ctx, changed, d.pulls.CheckPlan) {
		if missing, ok := errors.AsType[*pulls.MissingError](err); ok {
			v.found = append(v.found, missingImage(missing, changed[i]))
		} else if d.required(err) {
			v.failed.Append(diag.WithPath(changed[i].at, d.failure("verify the image of", changed[i].target, &unverifiableError{err})))
		} else if err != nil {
			v.found = append(v.found, d.doubt(err, changed[i])...)
		}
	}
	return v
}

// changedImages are the images that a plan changes, as far as they are known.
func changedImages(scope harness.Scope, images []plannedImage) (changed []namedImage) {
	for _, planned := range images {
		if planned.changes && planned.image != "" {
			changed = append(changed, namedImage{execconfig.Target{Scope: scope, Field: planned.field}, planned.image, planned.imagePath})
		}
	}
	return changed
}

// verifyWrites looks up and judges what builds would pull for images that are about to be stored. It returns, by field,
// why an image must not be stored, and warns of those that could not be looked up.
func (d *providerData) verifyWrites(
	ctx context.Context, scope harness.Scope, images map[string]string, at func(field string) path.Path, diags *diag.Diagnostics,
) execconfig.FieldErrors {
	failed := execconfig.FieldErrors{}
	var named []namedImage
	for _, field := range fieldsOf(images) {
		named = append(named, namedImage{execconfig.Target{Scope: scope, Field: field}, images[field], at(field)})
	}
	var found []finding
	d.findings.begin()
	for i, err := range d.verify(ctx, named, d.pulls.CheckWrite) {
		if _, missing := errors.AsType[*pulls.MissingError](err); missing {
			failed[named[i].target.Field] = err
		} else if d.required(err) {
			failed[named[i].target.Field] = &unverifiableError{err}
		} else if err != nil {
			found = append(found, d.doubt(err, named[i])...)
		}
	}
	diags.Append(warnings(d.findings.end(found))...)
	d.judgeWrites(ctx, named, failed)
	return failed
}

// verify looks images up. It returns a *pulls.MissingError for each that is missing, a *pulls.IncompleteError for
// each that builds may not be able to run, and a *pulls.UncheckedError for each that could not be looked up.
func (d *providerData) verify(
	ctx context.Context, images []namedImage, check func(context.Context, []string) []error,
) []error {
	refs := make([]string, len(images))
	for i, named := range images {
		refs[i] = named.image
	}
	if len(images) == 0 || d.verifyImages == verifyOff {
		return nil
	}
	return check(ctx, refs)
}

// required reports whether an image may not be stored because it could not be looked up. What is known only
// in the apply is looked up there.
func (d *providerData) required(err error) bool {
	return err != nil && d.verifyImages == verifyRequired && !errors.Is(err, pulls.ErrSettings)
}

// doubt finds an image that builds may not be able to run, or that could not be looked up, once a run.
func (d *providerData) doubt(err error, named namedImage) []finding {
	if incomplete, ok := errors.AsType[*pulls.IncompleteError](err); ok {
		return d.incomplete(incomplete, named)
	}
	unchecked, ok := errors.AsType[*pulls.UncheckedError](err)
	if !ok || errors.Is(err, context.Canceled) {
		return nil
	}
	c := cause{
		summary: "Images were not checked: " + whyUnchecked(unchecked),
		why:     "Whether these images are where builds would pull them from is not known:",
		next: "The run continues without this check; with verify_images = \"required\" it would stop, and with \"off\" " +
			"nothing is looked up.",
	}
	if next := uncheckedAdvice(unchecked); next != "" {
		c.next = next + "\n\n" + c.next
	}
	if _, told := d.reported.before(c.summary+named.target.String()+named.image, ""); told {
		return nil
	}
	return []finding{{cause: c, target: named.target, at: named.at, facts: text.Facts{{Name: "image", Value: named.image}}}}
}

// whyUnchecked says why an image could not be looked up, in a few words that are the same for all images.
func whyUnchecked(unchecked *pulls.UncheckedError) string {
	call, ok := errors.AsType[*harness.Error](unchecked)
	switch {
	case !ok:
		return brief(unchecked.Err)
	case harness.IsForbidden(call):
		return "the image connector cannot be read (403, needs core_connector_view)"
	case harness.IsUnanswered(call):
		return "the image connector cannot be read (no answer)"
	}
	return fmt.Sprintf("the image connector cannot be read (%d)", call.Status)
}

// uncheckedAdvice says what to do about an image that could not be looked up.
func uncheckedAdvice(err error) string {
	unchecked, ok := errors.AsType[*pulls.UncheckedError](err)
	if _, isCall := errors.AsType[*harness.Error](err); ok && isCall {
		return "Builds pull through the account's image connector, so its registry decides which name is looked up. " +
			connectorError{unchecked.Err}.Advice()
	}
	if silent, ok := errors.AsType[*pulls.SilentError](err); ok {
		return "Check that " + silent.Host + " can be reached from here."
	}
	return registryAdvice(err)
}

// unverifiableError is an image that could not be looked up where verification is required.
type unverifiableError struct{ error }

// Unwrap returns what kept the image from being looked up.
func (e *unverifiableError) Unwrap() error { return e.error }

// Reason says why the image could not be looked up.
func (e *unverifiableError) Reason() string {
	if call, ok := errors.AsType[*harness.Error](e.error); ok {
		return "The account's image connector cannot be read, so the name that builds pull is unknown: " + call.Reason()
	}
	return e.Error()
}

// Advice says what to do next.
func (e *unverifiableError) Advice() string {
	required := "With verify_images = \"required\", every image must be found before it is stored; \"when_reachable\" " +
		"continues if an image cannot be looked up, with a warning."
	if _, ok := errors.AsType[*pulls.IncompleteError](e.error); ok {
		return incompleteAdvice + "\n\nWith verify_images = \"required\", such an image is not stored; \"when_reachable\" continues, with a warning."
	}
	if unchecked, ok := errors.AsType[*pulls.UncheckedError](e.error); ok {
		if more := uncheckedAdvice(unchecked); more != "" {
			return more + "\n\n" + required
		}
	}
	return required
}

const incompleteAdvice = "If a cleanup has deleted a platform from under its index, push the image again, or apply its harnessci_image_copy, " +
	"which sends what is missing; and exempt the repository from the cleanup. An image for other platforms only runs on nodes " +
	"of those: copy the index with all its platforms."

// incomplete finds an image that builds may not be able to run, once a run.
func (d *providerData) incomplete(err *pulls.IncompleteError, named namedImage) []finding {
	if _, told := d.reported.before("incomplete "+named.target.String()+named.image, ""); told {
		return nil
	}
	c := cause{
		"Images are in their registry, but builds may not be able to run them",
		"Builds run on " + pulls.Platform + " unless their stage names another platform, and pull from these:",
		incompleteAdvice + " With verify_images = \"required\", such an image is refused.",
	}
	return []finding{{cause: c, target: named.target, at: named.at, says: err.Reason(), facts: err.Facts()}}
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

// missingImage finds a planned image that is not in its registry.
func missingImage(missing *pulls.MissingError, named namedImage) finding {
	f := finding{target: named.target, at: named.at, says: missing.Answer(), facts: missing.Facts()}
	f.cause = cause{
		"Images are not in their registry",
		"Builds would fail to pull these images:",
		"The apply looks again, and does not write an override whose image is not there by then. Correct the tag, or copy " +
			"the image there first: a harnessci_image_copy whose destination the override refers to is created before it.",
	}
	return f
}

// namedImage is an image and where it is stored or planned.
type namedImage struct {
	target execconfig.Target
	image  string
	at     path.Path // where warnings go
}

// checkPulls warns of planned images that builds will not pull under the written name, and of those that a
// digest keeps off Harness Cloud's registry. It reads the connector only for these: other names get the
// connector's registry, as intended.
func (d *providerData) checkPulls(ctx context.Context, scope harness.Scope, images []plannedImage) []finding {
	var changing, byDigest []namedImage
	for _, planned := range images {
		named := namedImage{execconfig.Target{Scope: scope, Field: planned.field}, planned.image, planned.imagePath}
		if planned.changes && imageref.WithoutHost(planned.image) != planned.image {
			changing = append(changing, named)
		}
		if planned.changes && scope.Infra == harness.VM && pulls.LeavesHarnessCloud(planned.image, true) && !strings.Contains(planned.before, "@") {
			byDigest = append(byDigest, named)
		}
	}
	if len(changing)+len(byDigest) == 0 {
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
	found := badPulls(through.URL, "planned", changing, notice)
	for _, named := range byDigest {
		if pulls.LeavesHarnessCloud(imageref.Resolve(through.URL, named.image).Image, through.Anonymous) {
			found = append(found, finding{
				cause: offHarnessCloud, target: named.target, at: named.at, facts: text.Facts{{Name: "planned", Value: named.image}},
			})
		}
	}
	return found
}

// offHarnessCloud is told when a digest is added, not at each change of an image that has one.
var offHarnessCloud = cause{
	"A digest makes Harness Cloud pull from Docker Hub",
	"VMs of Harness Cloud pull these images from Harness's registry on Google or Amazon, anonymously, if the name has no " +
		"digest. With one, they pull from Docker Hub, with its limits:",
	"Pin a tag, or pull through a harnessci_image_connector with a login or with a registry of your own. If builds run on VMs " +
		"of your own, nothing needs to change.\n\n" + sourceLine(pulls.CloudSource),
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
	return warnings(badPulls(url.ValueString(), "stored", existing,
		"\n\nThese overrides are set now. Change them first, or in this run with depends_on, so that no build "+
			"breaks in the meantime."))
}

// badPulls finds the images that builds will not pull under their name, under a connector's URL. The label
// says what they are: "planned" or "stored".
func badPulls(url, label string, images []namedImage, notice string) (found []finding) {
	for _, named := range images {
		pull := imageref.Resolve(url, named.image)
		f := finding{target: named.target, at: named.at, facts: text.Facts{{Name: label, Value: named.image}}}
		switch pull.Problem {
		case imageref.Doubled:
			f.cause = doubled(url, registryOf(named.image))
			f.facts = append(f.facts, text.Fact{Name: "pulled", Value: pull.Image})
		case imageref.NoCredentials:
			f.cause = noCredentials(url, registryOf(named.image))
		default:
			continue
		}
		f.facts = append(f.facts, text.Fact{Name: "instead", Value: imageref.WithoutHost(named.image)})
		f.next += notice
		found = append(found, f)
	}
	return found
}

func doubled(url, host string) cause {
	connectorHost, _, _ := imageref.SplitConnectorURL(url)
	return cause{
		fmt.Sprintf("Builds would look for %s inside %s", host, connectorHost),
		fmt.Sprintf("Harness puts the registry of the image connector, %s, before a name that does not contain its host. No "+
			"registry has the resulting name, so builds fail to pull it:", showURL(url)),
		"Write the names without a registry.",
	}
}

func noCredentials(url, host string) cause {
	through := "The account has no image connector"
	if url != "" {
		through = "The image connector's registry is " + showURL(url)
	}
	return cause{
		fmt.Sprintf("Builds would pull from %s without credentials", host),
		fmt.Sprintf("%s, so no login is used for %s:", through, host),
		"If that registry allows anonymous pulls, or the nodes have their own credentials, nothing needs to change. " +
			"Otherwise make it the registry of harnessci_image_connector, with its login, and write the names without a " +
			"registry.",
	}
}

// registryOf returns the registry of an image; "" if it is not a reference.
func registryOf(image string) string {
	parsed, _ := imageref.Parse(image)
	return parsed.Registry
}

// checkReference is the error for a planned image that builds could not pull, or that is only a tag; else
// nil. An image that the server already has is never refused, so that it can be imported and kept.
func checkReference(server execconfig.PlanImages, planned plannedImage) diag.Diagnostic {
	if planned.image == "" || !planned.changes || server.Overrides[planned.field] == planned.image {
		return nil
	}
	target := execconfig.Target{Scope: server.Scope, Field: planned.field}
	image, err := imageref.Parse(planned.image)
	if err != nil {
		return withoutLogin(planned.image, diag.NewAttributeErrorDiagnostic(planned.imagePath, "Invalid image reference for "+
			target.String(), text.Sentence(err.Error())+" Harness would store it unchecked, and builds would fail to pull it."))
	}
	preset := server.Defaults[planned.field]
	latest, err := imageref.Parse(preset)
	if err != nil || image.Name == latest.Name || !looksLikeTag(planned.image) {
		return nil
	}
	repository := strings.TrimSuffix(strings.TrimSuffix(preset, "@"+latest.Digest), ":"+latest.Tag)
	return diag.NewAttributeErrorDiagnostic(planned.imagePath, fmt.Sprintf("The image of %s is only a tag", target),
		fmt.Sprintf("Did you mean %s:%s? Some fields have Tag in their name, but every field takes a whole image reference.",
			repository, planned.image))
}

// looksLikeTag reports whether an image reference is one word that begins with a version, or the word
// "latest": a tag, rather than a repository of Docker's official images.
func looksLikeTag(image string) bool {
	if strings.ContainsAny(image, "/:@") {
		return false
	}
	version := strings.TrimPrefix(image, "v")
	digits := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	return image == "latest" || digits > 0 && version[digits] == '.' || digits < 0
}

// checkAgainstDefault finds an image that names neither tag nor digest or is not the default's, and one that
// Harness no longer supports while that default is current.
func checkAgainstDefault(server execconfig.PlanImages, planned plannedImage) (found []finding) {
	f := finding{target: execconfig.Target{Scope: server.Scope, Field: planned.field}, at: planned.imagePath}
	if _, err := imageref.Parse(planned.image); err == nil && !imageref.Pinned(planned.image) {
		f.cause = cause{
			"Images have neither a tag nor a digest",
			"Builds will run whatever the registry calls latest at that moment:",
			"Add a tag or a digest.",
		}
		f.facts = text.Facts{{Name: "planned", Value: planned.image}, {Name: "such as", Value: planned.image + ":1.2.3"}}
		found = append(found, f)
	}
	c, ok := compareImages(planned.image, server.Defaults[planned.field])
	if !ok { // not known yet, or not an image reference
		return found
	}
	f.facts = text.Facts{{Name: "default", Value: server.Defaults[planned.field]}, {Name: "planned", Value: planned.image}}
	if c.image.Name != c.preset.Name {
		if planned.creating || server.Overrides[planned.field] != planned.image { // else it was reported when the image was set
			f.says = fmt.Sprintf("%s, not %s", c.image.Name, c.preset.Name)
			f.cause = cause{
				"Builds would run other images than the defaults of these fields",
				"The planned images have other names than the defaults:",
				"Check that each image belongs to its field. If it is a copy under another name, nothing needs to change.",
			}
			found = append(found, f)
		}
		return found
	}
	if supported, known := c.supported(); supported || !known {
		return found
	}
	f.says = fmt.Sprintf("%d minors behind", c.Releases)
	if !c.Exact {
		f.says = "at least " + f.says
	}
	f.cause = cause{
		"Images are older than Harness supports",
		fmt.Sprintf("Harness's own check of its ci-* images counts minors, and supports the latest and the %d before it:", supportedReleases-1),
		"Builds still run. Choose a newer version, or remove the override to run the default. Within a minor there may be many " +
			"versions: harnessci_image_status with check_registry counts those.",
	}
	return append(found, f)
}

// checkDead finds an override that another module ignores and, when it is added, one of kaniko that builds with buildx ignore.
func checkDead(server execconfig.PlanImages, planned plannedImage) []finding {
	dead, is := pulls.DeadOverride(server.Scope, planned.field, func(field string) bool {
		_, listed := planned.set[field]
		return listed || planned.set == nil
	})
	if !is || !planned.changes || dead.Module == "" && planned.before != "" {
		return nil
	}
	f := finding{
		target: execconfig.Target{Scope: server.Scope, Field: planned.field}, at: planned.fieldPath,
		facts: text.Facts{{Name: "planned", Value: planned.image}},
	}
	source := "\n\n" + sourceLine(dead.Source)
	switch {
	case dead.Module != "":
		f.cause = cause{
			fmt.Sprintf("Overrides have no effect in the module %s", server.Scope.Module),
			fmt.Sprintf("The defaults list these fields, but they belong to the module %s, which reads only its own overrides:", dead.Module),
			fmt.Sprintf("Set module = %q. The attribute own_images of harnessci_default_images leaves such fields out.", string(dead.Module)) + source,
		}
	case dead.Instead != "":
		f.facts = append(f.facts, text.Fact{Name: "runs", Value: "the image of " + dead.Instead})
		f.cause = cause{
			"Builds with buildx run other images than these",
			"With Docker layer caching in the step, or the feature flag CI_USE_BUILDX_ON_K8, Build and Push runs the image of " +
				"another field, which this set does not pin:",
			"Pin those fields as well." + source,
		}
	default: // nothing is wrong with it where builds run on VMs of one's own: image_status tells
		return nil
	}
	return []finding{f}
}

func sourceLine(source pulls.Source) string {
	return fmt.Sprintf("Source: %s (%s).", source.Name, source.Date)
}
