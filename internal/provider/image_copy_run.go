package provider

import (
	"context"
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/harnessci/terraform-provider-harnessci/internal/flight"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

// copyRun is what the copies of one run know of each other. The zero value is ready.
type copyRun struct {
	mu sync.Mutex
	// made are the images that copies of this run make, by all names in full.
	made map[string]copiedImage
	// sources are those that have a destination, by its name in full.
	sources map[string]string

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

// notAsked is the warning that a plan goes on without an answer. CLIs merge those of one host, since their summaries
// are equal.
func notAsked(image, consequence string, err error) diag.Diagnostic {
	detail := explain(imageName(image), err)
	return diag.NewWarningDiagnostic("Could not check all copied images in "+pulls.Host(image), consequence+"\n\n"+detail)
}

// peek looks at what a plan can do without.
func (r *imageCopyResource) peek(ctx context.Context, ref string) (held registry.Descriptor, err error) {
	err = r.data.pulls.Ask(ctx, ref, func(ctx context.Context, client *registry.Client) error {
		held, err = client.Peek(ctx, ref)
		return err
	})
	return held, err
}

// inspect returns what a manifest says, and nothing where asking would count as a pull.
func (r *imageCopyResource) inspect(ctx context.Context, ref string) (image copiedImage, err error) {
	if imageref.IsDockerHub(pulls.Host(ref)) {
		return copiedImage{}, nil
	}
	err = r.data.pulls.Ask(ctx, ref, func(ctx context.Context, client *registry.Client) error {
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
		if err != nil && ctx.Err() == nil {
			diags.AddAttributeWarning(path.Root("destination"), fmt.Sprintf("The apply may not be able to push to %s", pulls.Host(destination)),
				explain(imageName(destination), err))
		}
		return struct{}{}, nil
	})
	return diags
}
