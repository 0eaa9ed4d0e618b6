// Package pulls says what builds pull for the images that Harness stores, and whether their registries have
// it. It asks for each image once a run. It knows nothing of Terraform.
package pulls

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/connector"
	"github.com/harnessci/terraform-provider-harnessci/internal/flight"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

// Patience is how long all look-ups of one host together may wait in a run, unless they are required.
const Patience = 3 * time.Second

// maxNearest is how many similar tags are suggested for one that does not exist.
const maxNearest = 3

// Connector knows through which connector builds pull; *connector.Account does.
type Connector interface {
	Effective(ctx context.Context) (connector.Effective, error)
}

// Run is what one run knows about what builds pull. It is safe for concurrent use.
type Run struct {
	registry  *registry.Client // nil while the settings of registries are not known
	connector Connector
	required  bool

	// heads and looks also keep failures. Those of looks were not worth a retry.
	heads, looks flight.Group[string, registry.Descriptor]
	wholes       flight.Group[string, struct{}] // what the images refer to
	pings        flight.Group[string, struct{}]
	judged       flight.Group[string, string] // digests; failures are kept, too
	budgets      budgets

	mu sync.Mutex
	// found are the images that are there, and made those that copies of this run create, by their full name.
	found map[string]registry.Descriptor
	made  map[string]bool
	// changes counts what was written: an answer from before is out of date.
	changes int
}

// New returns a run. It sends nothing. Without a client, no image can be looked up. If look-ups are required,
// each takes as long as the client's retries do; otherwise it must be answered within Patience.
func New(client *registry.Client, through Connector, required bool) *Run {
	return &Run{
		registry: client, connector: through, required: required,
		heads:  flight.Group[string, registry.Descriptor]{KeepErrors: true},
		looks:  flight.Group[string, registry.Descriptor]{KeepErrors: true},
		wholes: flight.Group[string, struct{}]{KeepErrors: true},
		pings:  flight.Group[string, struct{}]{KeepErrors: true},
		judged: flight.Group[string, string]{KeepErrors: true},
		found:  map[string]registry.Descriptor{}, made: map[string]bool{},
	}
}

// CheckPlan looks up what builds would pull for images that are planned, and returns the outcome of each in
// its place: nil, a *MissingError, an *IncompleteError or an *UncheckedError. Images that copies of this run create count as there.
func (r *Run) CheckPlan(ctx context.Context, images []string) []error {
	return r.check(ctx, images, func(ctx context.Context, pulled string) error {
		if r.makes(pulled) {
			return nil
		}
		return r.whole(ctx, pulled)
	})
}

// CheckWrite is CheckPlan for images that are about to be stored. One that was missing before may have been
// pushed since, so it is looked up again.
func (r *Run) CheckWrite(ctx context.Context, images []string) []error {
	return r.check(ctx, images, func(ctx context.Context, pulled string) error {
		err := r.whole(ctx, pulled)
		if _, lacks := errors.AsType[*lack](err); lacks || IsMissing(err) {
			r.Changed(pulled)
			err = r.whole(ctx, pulled)
		}
		return err
	})
}

func (r *Run) check(ctx context.Context, images []string, look func(context.Context, string) error) []error {
	if r.registry != nil {
		defer r.ping(ctx, images)()
	}
	return r.resolve(ctx, images, func(image string, pull imageref.Pull) error {
		if pull.Host == "" { // not a reference that a registry could be asked for
			return nil
		}
		err := look(ctx, pull.Image)
		lacking, lacks := errors.AsType[*lack](err)
		switch {
		case err == nil:
			return nil
		case lacks:
			return &IncompleteError{Stored: image, Pull: pull, lack: *lacking}
		case IsMissing(err):
			return &MissingError{Stored: image, Pull: pull, Nearest: r.nearest(ctx, pull.Image, err), Err: err}
		}
		return &UncheckedError{Host: hostOf(pull.Image), Err: err}
	})
}

// resolve asks about what builds would pull for images, all at once, and returns the outcome of each in its place: an
// *UncheckedError for all while what they pull, or how to ask registries, is not known.
func (r *Run) resolve(ctx context.Context, images []string, ask func(image string, pull imageref.Pull) error) []error {
	through, err := connector.Effective{}, ErrSettings
	if r.registry != nil {
		through, err = r.connector.Effective(ctx)
	}
	return flight.Each(images, func(image string) error {
		if err != nil {
			return &UncheckedError{Err: err}
		}
		return ask(image, imageref.Resolve(through.URL, image))
	})
}

// ping asks the registries that images name how to log in, while the connector is being read: a connector
// that works leaves these names unchanged. The caller ends it with the returned function.
func (r *Run) ping(ctx context.Context, images []string) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for _, image := range images {
		if imageref.WithoutHost(image) == image || r.makes(image) {
			continue // the connector decides on its registry, or it is not looked up
		}
		all.Go(func() {
			_, _ = r.pings.Do(ctx, hostOf(image), func(ctx context.Context) (struct{}, error) {
				ctx, cancel := context.WithTimeout(r.effort(ctx), Patience)
				defer cancel()
				return struct{}{}, r.registry.Ping(ctx, image) // the look-up reports why it fails
			})
		})
	}
	return func() {
		cancel()
		all.Wait()
	}
}

// effort returns the context for look-ups: those that are required are worth a retry.
func (r *Run) effort(ctx context.Context) context.Context {
	if r.required {
		return ctx
	}
	return registry.Once(ctx)
}

// Look looks up an image by the name that is pulled: once a run and, unless look-ups are required, only while
// its host answers in time.
func (r *Run) Look(ctx context.Context, pulled string) (registry.Descriptor, error) {
	if r.required {
		return r.Head(ctx, pulled)
	}
	if held, ok := r.known(pulled); ok {
		return held, nil
	}
	return r.looks.Do(ctx, FullName(pulled), func(ctx context.Context) (held registry.Descriptor, err error) {
		err = r.budgets.spend(ctx, hostOf(pulled), func(ctx context.Context) error {
			held, err = r.head(registry.Once(ctx), pulled)
			return err
		})
		return held, err
	})
}

// Head returns the descriptor of an image, with all the client's retries. It is requested once a run.
func (r *Run) Head(ctx context.Context, ref string) (registry.Descriptor, error) {
	if held, ok := r.known(ref); ok {
		return held, nil
	}
	return r.heads.Do(ctx, FullName(ref), func(ctx context.Context) (registry.Descriptor, error) { return r.head(ctx, ref) })
}

func (r *Run) head(ctx context.Context, ref string) (registry.Descriptor, error) {
	r.mu.Lock()
	changes := r.changes
	r.mu.Unlock()
	held, err := r.registry.Head(ctx, ref)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil && changes == r.changes {
		r.found[FullName(ref)] = held
	}
	return held, err
}

func (r *Run) known(ref string) (registry.Descriptor, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	held, ok := r.found[FullName(ref)]
	return held, ok
}

// nearest returns existing tags that are similar to a missing one.
func (r *Run) nearest(ctx context.Context, pulled string, missing error) (nearest []string) {
	image, err := imageref.Parse(pulled)
	if kind, _ := registry.KindOf(missing); err != nil || kind != registry.NotFound || image.Tag == "" {
		return nil
	}
	_ = r.budgets.spend(ctx, hostOf(pulled), func(ctx context.Context) error { // a hint, or none
		tags, err := r.registry.Tags(registry.Once(ctx), pulled)
		nearest = imageref.NearestTags(image.Tag, tags, maxNearest)
		return err
	})
	return nearest
}

// WillMake records that a copy of this run creates an image, under all its names.
func (r *Run) WillMake(destination, digest string) {
	image, err := imageref.Parse(destination)
	if err != nil {
		return
	}
	byTag, byDigest := image, image
	image.Digest = digest
	byDigest.Tag, byDigest.Digest = "", digest
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range []imageref.Image{byTag, image, byDigest} {
		r.made[name.String()] = true
	}
}

func (r *Run) makes(ref string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.made[FullName(ref)]
}

// Changed forgets an image that was written.
func (r *Run) Changed(ref string) {
	name := FullName(ref)
	r.heads.Forget(name)
	r.looks.Forget(name)
	r.wholes.Forget(name)
	r.judged.Forget(name)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes++
	delete(r.found, name)
}

// FullName returns a reference with its registry, so that two spellings of one image are equal.
func FullName(ref string) string {
	image, err := imageref.Parse(ref)
	if err != nil {
		return ref
	}
	return image.String()
}

// hostOf returns the registry of an image by its canonical name.
func hostOf(ref string) string {
	image, err := imageref.Parse(ref)
	if err != nil {
		return ""
	}
	return imageref.CanonicalHost(image.Registry)
}
