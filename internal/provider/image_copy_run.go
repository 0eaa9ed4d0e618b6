package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/harnessci/terraform-provider-harnessci/internal/flight"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// copyRun is what the copies of one run know of each other. The zero value is ready.
type copyRun struct {
	mu sync.Mutex
	// made are the images that copies of this run make, by all names in full.
	made map[string]copiedImage
	// sources are those that have a destination, by its name in full.
	sources map[string]string

	// absent are the destinations that a plan has just found to be absent, by their names in full.
	absent sync.Map

	// pushes are the hosts that were asked for a login, once a run.
	pushes flight.Group[string, struct{}]
}

// claim records that an image is copied to a destination. It returns the other source that is, too.
func (c *copyRun) claim(source, destination string) (other string, twice bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := pulls.FullName(destination)
	other, claimed := c.sources[name]
	if c.sources == nil {
		c.sources = map[string]string{}
	}
	if !claimed {
		c.sources[name] = source
	}
	return other, claimed && pulls.FullName(other) != pulls.FullName(source)
}

// willMake records what a copy makes.
func (c *copyRun) willMake(destination string, image copiedImage) {
	parsed, err := imageref.Parse(destination)
	if err != nil {
		return
	}
	byTag, byDigest := parsed, parsed
	parsed.Digest = image.Digest
	byDigest.Tag, byDigest.Digest = "", image.Digest
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made == nil {
		c.made = map[string]copiedImage{}
	}
	for _, name := range []imageref.Image{byTag, parsed, byDigest} {
		c.made[name.String()] = image
	}
}

// makes returns what a copy of this run makes under a name.
func (c *copyRun) makes(ref string) (copiedImage, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	image, ok := c.made[pulls.FullName(ref)]
	return image, ok
}

// twice is the error of two copies to one destination.
func twice(destination, source, other string) diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(path.Root("destination"), "Two images are copied to "+destination,
		fmt.Sprintf("Each apply would replace one by the other:\n\n  source: %s\n  source: %s\n\nGive one of them another "+
			"destination. The function mirror_image leaves out the registry of an image, so images of one name from two "+
			"registries need two prefixes.", other, source))
}

// notAsked records that a plan goes on without an answer about an image at a path.
func (r *imageCopyResource) notAsked(at, image, consequence string, err error) {
	says := strings.TrimPrefix(err.Error(), image+": ")
	r.data.findings.add(finding{target: imageName(image), says: says, at: path.Root(at), cause: cause{
		"Could not check all copied images in " + pulls.Host(image), consequence, uncheckedAdvice(err),
	}})
}

// peek looks at what a plan can do without.
func (r *imageCopyResource) peek(ctx context.Context, ref string) (held registry.Descriptor, err error) {
	err = r.data.pulls.Ask(ctx, ref, func(ctx context.Context, client *registry.Client) error {
		held, err = client.Peek(ctx, ref)
		return err
	})
	return held, err
}

// ask asks a registry something that decides what is planned. The apply of a saved plan has to plan the same, so it
// takes the time to ask again.
func (r *imageCopyResource) ask(ctx context.Context, image string, ask func(context.Context, *registry.Client) error) error {
	if r.data.command == savedPlanCommand {
		return ask(ctx, r.data.registry)
	}
	return r.data.pulls.Ask(ctx, image, ask)
}

// inspect returns what a manifest says, and nothing where asking would count as a pull.
func (r *imageCopyResource) inspect(ctx context.Context, ref string) (image copiedImage, err error) {
	if pulls.CountsPulls(ref) {
		return copiedImage{}, nil
	}
	err = r.ask(ctx, ref, func(ctx context.Context, client *registry.Client) error {
		found, err := client.Inspect(ctx, ref)
		image = copiedImageOf(found)
		return err
	})
	return image, err
}

// checkPush warns, once for each host, of a destination that does not answer or refuses the login.
func (r *imageCopyResource) checkPush(ctx context.Context, destination string) (diags diag.Diagnostics) {
	_, _ = r.data.copies.pushes.Do(ctx, pulls.Host(destination), func(ctx context.Context) (struct{}, error) {
		err := r.data.pulls.Ask(ctx, destination, func(ctx context.Context, client *registry.Client) error {
			return client.CheckPush(ctx, destination)
		})
		if err != nil && ctx.Err() == nil && r.data.command != savedPlanCommand { // else the copy itself tells
			_, _ = r.data.reported.explained(err, imageName(destination))
			diags.AddAttributeWarning(path.Root("destination"), fmt.Sprintf("The apply may not be able to push to %s", pulls.Host(destination)),
				explain(imageName(destination), err))
		}
		return struct{}{}, nil
	})
	return diags
}

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
	if next := unsignedAdvice(e.err); next != "" {
		return next
	}
	if _, signature := errors.AsType[*registry.SignatureError](e.err); signature {
		return "The image itself is not refused. To copy it without what the destination does not take, set signatures = " +
			"\"when_supported\"; without any, signatures = \"false\"."
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
