package provider

import (
	"context"
	"errors"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// errPolicy is why nothing can be judged yet.
var errPolicy = errors.New("signatures in the provider block is not known yet")

// judges reports whether images must be signed, as far as that is known.
func (d *providerData) judges() bool { return d.policyUnknown || len(d.policy.Types) > 0 }

// judgePlan judges the images that a plan changes.
func (d *providerData) judgePlan(ctx context.Context, changed []namedImage) (found []finding) {
	if len(changed) == 0 || !d.judges() {
		return nil
	}
	refs := make([]string, len(changed))
	for i, named := range changed {
		refs[i] = named.image
	}
	passed, outcomes := pulls.Passed(nil), make([]error, len(refs))
	if !d.policyUnknown {
		passed, outcomes = d.pulls.CheckSignedPlan(ctx, d.policy, refs)
	}
	for i, named := range changed {
		f := finding{target: named.target, at: named.at, facts: text.Facts{{Name: "image", Value: named.image}}}
		pinned, ok := passed[named.image]
		switch {
		case d.policyUnknown || outcomes[i] != nil:
			if f.unsigned(d, outcomes[i]) {
				found = append(found, f)
			}
		case ok && pinned != named.image:
			f.cause = movable
			f.facts = append(f.facts, text.Fact{Name: "pinned", Value: pinned})
			found = append(found, f)
		}
	}
	return found
}

// movable is what images have in common whose tag may move after they were judged.
var movable = cause{
	"Tags may move after their signatures were checked",
	"These images are signed, but builds pull whatever their tag names by then:",
	"The apply checks what the tag names then. To be sure of what builds run, pin the digest that was checked.",
}

// unsigned fills in what is wrong with the signatures of an image; false if that is told elsewhere.
func (f *finding) unsigned(d *providerData, err error) bool {
	if err == nil {
		err = &pulls.UncheckedError{Err: errPolicy}
	}
	if refused, ok := errors.AsType[*pulls.UnsignedError](err); ok {
		f.says = refused.Refusal.Error()
		if refused.Stored != "" {
			f.facts = nil
		}
		f.facts = append(f.facts, refused.Facts()...)
		f.cause = cause{
			"Images are not signed",
			"With signatures in the provider block, builds must not run these images:",
			"The apply checks again, and writes nothing that is not signed by then. " + signNext,
		}
		return true
	}
	unchecked, ok := errors.AsType[*pulls.UncheckedError](err)
	if !ok || errors.Is(err, context.Canceled) || pulls.IsMissing(err) && d.verifyImages != verifyOff {
		return false
	}
	f.cause = cause{
		"Signatures were not checked: " + whyUnjudged(unchecked),
		"Whether these images are signed is not known:",
		strings.TrimSpace(unjudgedAdvice(unchecked) + "\n\nThe apply checks again, and writes nothing that cannot be checked."),
	}
	return true
}

// whyUnjudged says why signatures could not be checked, in a few words that are the same for all images.
func whyUnjudged(unchecked *pulls.UncheckedError) string {
	if pulls.IsMissing(unchecked) {
		return unchecked.Host + " does not have the image"
	}
	return whyUnchecked(unchecked)
}

func unjudgedAdvice(unchecked *pulls.UncheckedError) string {
	if errors.Is(unchecked, errPolicy) {
		return ""
	}
	return uncheckedAdvice(unchecked)
}

// signNext says how an image comes to be signed.
const signNext = "Have the listed digest scanned and signed (cosign sign or cosign attest, with a key in public_keys), or choose an image that " +
	"is; images in signatures of the provider block says which names are checked."

// unsignedAdvice is for an image that is not signed as it must be.
func unsignedAdvice(err error) string {
	if _, ok := errors.AsType[*pulls.UnsignedError](err); ok {
		return "Nothing was written. " + signNext
	}
	return ""
}

// judgeWrites judges images that are about to be stored, and adds why one must not be.
func (d *providerData) judgeWrites(ctx context.Context, images []namedImage, failed execconfig.FieldErrors) {
	var refs, fields []string
	for _, named := range images {
		if failed[named.target.Field] == nil && d.judges() {
			refs, fields = append(refs, named.image), append(fields, named.target.Field)
		}
	}
	if len(refs) == 0 {
		return
	}
	outcomes := make([]error, len(refs))
	if !d.policyUnknown {
		outcomes = d.pulls.CheckSignedWrite(ctx, d.policy, refs)
	}
	for i, err := range outcomes {
		if err = d.mustBeSigned(err); err != nil {
			failed[fields[i]] = err
		}
	}
}

// mustBeSigned is the outcome of judging an image before it is written: what could not be judged must not be.
func (d *providerData) mustBeSigned(err error) error {
	if d.policyUnknown {
		err = &pulls.UncheckedError{Err: errPolicy}
	}
	if unchecked, ok := errors.AsType[*pulls.UncheckedError](err); ok {
		return &unjudgedError{unchecked}
	}
	return err
}

// judgePlannedCopy warns of a copy that the apply would refuse.
func (d *providerData) judgePlannedCopy(ctx context.Context, plan imageCopyModel) diag.Diagnostics {
	if !d.judges() {
		return nil
	}
	d.findings.begin()
	var found []finding
	f := finding{target: imageName(plan.Destination.ValueString()), at: path.Root("destination")}
	f.facts = text.Facts{{Name: "source", Value: plan.Source.ValueString()}}
	if err := d.judgeCopy(ctx, plan, true); err != nil && f.unsigned(d, err) {
		found = append(found, f)
	}
	return warnings(d.findings.end(found))
}

// judgeCopy judges what a copy brings to its destination: by what it brings along from the source, and what is there already.
func (d *providerData) judgeCopy(ctx context.Context, plan imageCopyModel, quick bool) error {
	if !d.judges() {
		return nil
	}
	places := []string{plan.Destination.ValueString()}
	if signed, _ := plan.signed(); signed {
		places = []string{plan.Source.ValueString(), plan.Destination.ValueString()}
	}
	var err error
	if !d.policyUnknown {
		err = d.pulls.CheckDigest(ctx, d.policy, quick, plan.Destination.ValueString(), plan.Digest.ValueString(), places...)
	}
	return d.mustBeSigned(err)
}

// unjudgedError is an image whose signatures could not be checked before a write.
type unjudgedError struct{ err *pulls.UncheckedError }

// Error returns why.
func (e *unjudgedError) Error() string { return e.err.Error() }

// Unwrap returns what kept the image from being judged.
func (e *unjudgedError) Unwrap() error { return e.err }

// Reason says why the image could not be judged.
func (e *unjudgedError) Reason() string {
	if call, ok := errors.AsType[*harness.Error](e.err); ok {
		return "The account's image connector cannot be read, so the name that builds pull is unknown: " + call.Reason()
	}
	return "Whether the image is signed could not be checked: " + e.Error()
}

// Advice says what to do next.
func (e *unjudgedError) Advice() string {
	next := unjudgedAdvice(e.err)
	if errors.Is(e.err, errPolicy) {
		next = "A value in it comes from a resource that has not been applied. Apply that resource first (-target), or take the value from a variable."
	}
	return strings.TrimSpace(next + "\n\nNothing was written: with signatures in the provider block, what cannot be checked is not stored.")
}
