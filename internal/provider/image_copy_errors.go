package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// copiedImageValidator accepts image references with a tag or a digest.
func copiedImageValidator() validator.String {
	return stringCheck{"is an image reference with a tag or a digest", func(at path.Path, value string) (diags diag.Diagnostics) {
		_, err := imageref.Parse(value)
		switch {
		case err != nil:
			diags.AddAttributeError(at, "Invalid image reference", text.Sentence(err.Error()))
		case !imageref.Pinned(value):
			diags.AddAttributeError(at, "Invalid image reference", text.Quote(value)+" has neither a tag nor a digest. Add one, such as "+
				value+":1.2.3.")
		}
		return diags
	}}
}

// copyError is a failed copy.
type copyError struct {
	from, to, digest string
	err              error
}

// newCopyError names both ends. If the copy took too long or was interrupted, the error says so instead of
// how the connection broke.
func newCopyError(ctx context.Context, plan imageCopyModel, err error) error {
	cause := context.Cause(ctx)
	if slow, ok := errors.AsType[copyTooSlow](cause); ok {
		err = slow
	} else if cause != nil {
		err = copyInterrupted{cause}
	}
	return &copyError{plan.Source.ValueString(), plan.Destination.ValueString(), plan.Digest.ValueString(), err}
}

// Error returns what went wrong.
func (e *copyError) Error() string { return e.err.Error() }

// Unwrap returns why.
func (e *copyError) Unwrap() error { return e.err }

// Facts returns both ends and the digest.
func (e *copyError) Facts() text.Facts {
	return text.Facts{{Name: "source", Value: e.from}, {Name: "destination", Value: e.to}, {Name: "digest", Value: e.digest}}
}

// Advice says what to do next.
func (e *copyError) Advice() string {
	failed, ok := errors.AsType[*registry.Error](e.err)
	if ok && failed.Kind == registry.NotFound && strings.HasSuffix(failed.Ref, e.digest) {
		return "The source no longer has the digest that the plan showed: its tag has moved, or it was deleted. " +
			"Plan again to see the current one."
	}
	if ended, ok := errors.AsType[advised](e.err); ok {
		return ended.Advice()
	}
	if _, signature := errors.AsType[*registry.SignatureError](e.err); signature {
		return "The image itself is not refused. To copy it without what the destination does not take, set signatures = " +
			"\"when_supported\"; without any, signatures = \"false\"."
	}
	if ok && failed.IsTooLarge() {
		return "A proxy in front of the registry limits the size of a request, even to the 1 MiB that the copy tried. Raise its limit, " +
			"such as nginx's client_max_body_size."
	}
	return registryAdvice(e.err)
}

// copyTooSlow is why a copy that exceeded its timeout ended.
type copyTooSlow struct{ after time.Duration }

// Error says how long it took.
func (e copyTooSlow) Error() string { return fmt.Sprintf("the copy did not finish within %s", e.after) }

// Advice says what to do next.
func (e copyTooSlow) Advice() string {
	return "Apply again: what has been copied is not sent twice. On a slow network, raise create and update in the " +
		"resource's timeouts."
}

// copyInterrupted is why an interrupted copy ended.
type copyInterrupted struct{ error }

// Error says when it was interrupted.
func (copyInterrupted) Error() string { return "the run was interrupted before the copy was complete" }

// Unwrap returns how it was interrupted.
func (e copyInterrupted) Unwrap() error { return e.error }

// Advice says what to do next.
func (copyInterrupted) Advice() string { return "Apply again: what has been copied is not sent twice." }

// deleteError is a deletion that a registry refused.
type deleteError struct{ error }

// Unwrap returns the registry's answer.
func (e deleteError) Unwrap() error { return e.error }

// Advice says what to do next.
func (e deleteError) Advice() string {
	if kind, ok := registry.KindOf(e.error); ok && kind == registry.Refused {
		return "Many registries do not allow deletion. Set on_destroy = \"keep\", apply, and destroy again; the copy then " +
			"stays."
	}
	return registryAdvice(e.error)
}

// notDeleted is the warning that the destination now has another image.
func notDeleted(destination, reference string) diag.Diagnostic {
	return diag.NewWarningDiagnostic("Did not delete the image copy "+destination,
		"Another image was pushed there since "+strings.TrimPrefix(reference, destination+"@")+" was copied. Delete it in the registry if it "+
			"is no longer needed.")
}
