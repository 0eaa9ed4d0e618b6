package pulls

import (
	"context"
	"slices"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/flight"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// Platform is what builds run on unless their stage says otherwise, on Kubernetes and on VMs.
const Platform = "linux/amd64"

// CountsPulls reports whether the registry of an image counts the read of a manifest as a pull. A HEAD is none.
func CountsPulls(image string) bool {
	host := hostOf(image)
	return host == imageref.DockerHub || host == "public.ecr.aws"
}

// IncompleteError is an image that its registry has, and that builds may not be able to run.
type IncompleteError struct {
	Stored string
	Pull   imageref.Pull
	lack
}

// Facts returns the stored name, the pulled one where it differs, and the digest.
func (e *IncompleteError) Facts() text.Facts {
	return append(names(e.Stored, e.Pull.Image), text.Fact{Name: "digest", Value: e.digest})
}

// lack is what an image lacks.
type lack struct {
	digest    string
	artifact  bool
	lost      []string // platforms of the index that the registry does not have
	platforms []string // those that it is for
}

// Error says what is missing.
func (l *lack) Error() string { return l.Reason() }

// Reason says what is missing.
func (l *lack) Reason() string {
	switch {
	case l.artifact:
		return "it is an artifact, not an image that can run"
	case len(l.lost) == 1:
		return "the index is there, " + l.lost[0] + " is not"
	case len(l.lost) > 1:
		return "the index is there, " + text.And(l.lost) + " are not"
	}
	return "it is for " + text.And(l.platforms) + ", not for " + Platform
}

// whole looks up an image and, where that is no pull, what it refers to: builds on Platform must find one that runs
// there, and all platforms that it lists are to be there. The error is the registry's, a *SilentError or a *lack.
func (r *Run) whole(ctx context.Context, pulled string) error {
	held, err := r.Look(ctx, pulled)
	if err != nil || CountsPulls(pulled) {
		return err
	}
	_, err = r.wholes.Do(ctx, FullName(pulled), func(ctx context.Context) (struct{}, error) {
		look := func(ctx context.Context) error { return r.parts(r.effort(ctx), pulled, held.Digest) }
		if r.required {
			return struct{}{}, look(ctx)
		}
		return struct{}{}, r.budgets.spend(ctx, hostOf(pulled), look)
	})
	return err
}

func (r *Run) parts(ctx context.Context, pulled, digest string) error {
	image, err := r.registry.Inspect(ctx, imageref.Pin(pulled, digest))
	if err != nil {
		return err
	}
	found := &lack{digest: digest, artifact: image.Artifact, platforms: image.Platforms}
	children := make([]string, len(image.Children))
	for i, child := range image.Children {
		children[i] = imageref.Pin(pulled, child.Digest)
	}
	var failed []error
	for i, err := range flight.Each(children, func(child string) error { _, err := r.registry.Peek(ctx, child); return err }) {
		switch {
		case IsMissing(err):
			found.lost = append(found.lost, image.Children[i].Platform)
		case err != nil:
			failed = append(failed, err)
		}
	}
	switch {
	case found.artifact || len(found.lost) > 0 || len(found.platforms) > 0 && !slices.ContainsFunc(found.platforms, runsBuilds):
		return found
	case len(failed) > 0:
		return failed[0]
	}
	return nil
}

// runsBuilds reports whether a platform is Platform, or a variant of it.
func runsBuilds(platform string) bool {
	return platform == Platform || strings.HasPrefix(platform, Platform+"/")
}
