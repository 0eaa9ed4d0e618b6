package registry

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// progressEvery is how often a copy says how far it is.
const progressEvery = 10 * time.Second

// CopyOptions are the settings of one copy.
type CopyOptions struct {
	// Digest is what to copy, as the plan showed it; "" means what the source has now.
	Digest string
	// Signatures also copies cosign's .sig, .att and .sbom tags and the referrers.
	Signatures bool
	// WhenSupported leaves out those that the destination refuses.
	WhenSupported bool
	// Thorough looks at all that the destination has of the image, down to the layers, and sends what is missing.
	// Otherwise a tag or platform that is there counts as whole.
	Thorough bool
	// Absent says that the caller has just seen that the destination does not have the tag.
	Absent bool
	// Describe returns the image also if that takes a request.
	Describe bool
	// Progress is told every ten seconds how far the copy is. May be nil.
	Progress func(Progress)
}

// Progress is how far a copy is, in bytes of blobs.
type Progress struct {
	Sent  int64
	Total int64 // of what is to be sent, as far as that is known
	Took  time.Duration
}

// CopyResult says what a copy did.
type CopyResult struct {
	Digest    string // what the destination now has
	Skipped   bool   // the destination had the image already, and nothing of it was written
	Mounted   int    // blobs that came from another repository of the destination's registry
	BytesSent int64  // of blobs
	Took      time.Duration
	// Image is what the copied manifest says, if Describe asks for it; nil if it could not be read.
	Image *Image
	// Attached is what Signatures copied, or found at the destination.
	Attached []Attached
	// LeftOut says why signatures were left out with WhenSupported.
	LeftOut []error
	// Unlisted says why signatures of the source may have been missed; nil if all could be listed.
	Unlisted error
	// Unseen says why the destination does not show what it has acknowledged; nil if it does.
	Unseen error
}

// job is what the transfers of one copy share.
type job struct {
	count    counts
	manifest manifests
	room     room

	attached []Attached
	leftOut  []error
	unlisted error
}

type counts struct {
	mounted, sent, total, puts atomic.Int64
}

// Copy copies an image from source to destination, byte for byte: all platforms, attestations, any media
// type. Content comes first and the tag last, so that no tag names half an image; an interrupted copy
// resumes where it stopped. It succeeds only once the destination has acknowledged the digest under its name, and
// nothing that is asked afterwards makes it fail, but somebody else's push. If the destination has it already,
// nothing is written.
func (c *Client) Copy(ctx context.Context, source, destination string, options CopyOptions) (CopyResult, error) {
	from, err := parse(source)
	if err != nil {
		return CopyResult{}, err
	}
	to, err := parse(destination)
	if err != nil {
		return CopyResult{}, err
	}
	from.side, to.side = "source", "destination"
	if options.Digest != "" {
		if !wholeDigest().MatchString(options.Digest) {
			return CopyResult{}, failure(from, problemf(Refused, "there is no digest %q", options.Digest))
		}
		from = from.withDigest(options.Digest)
	}
	if from.digest == "" {
		d, err := c.lookUp(ctx, from)
		if err != nil {
			return CopyResult{}, err
		}
		from = from.withDigest(d.Digest)
	}
	if to.digest != "" && to.digest != from.digest {
		return CopyResult{}, failure(to, problemf(Refused, "the destination asks for a digest other than the "+
			"source's, %s", from.digest))
	}
	if to.tag != "" {
		to = to.withTag(to.tag)
	}
	var result CopyResult
	err = inSlot(ctx, c.copies, func() error {
		t := &transfer{c: c, from: from, to: to, thorough: options.Thorough, job: &job{}}
		defer t.room.leave(c)
		result, err = t.run(ctx, options)
		return err
	})
	return result, err
}

// run copies the image and says what that took.
func (t *transfer) run(ctx context.Context, options CopyOptions) (CopyResult, error) {
	start := time.Now()
	result := CopyResult{Digest: t.from.digest}
	if options.Progress != nil {
		ended := make(chan struct{})
		var telling sync.WaitGroup
		telling.Go(func() { t.tell(start, options.Progress, ended) })
		defer telling.Wait()
		defer close(ended)
	}
	err := t.image(ctx, options, &result)
	result.Took = time.Since(start)
	result.Mounted, result.BytesSent = int(t.count.mounted.Load()), t.count.sent.Load()
	result.Attached, result.LeftOut, result.Unlisted = t.attached, t.leftOut, t.unlisted
	if _, ok := errors.AsType[*SignatureError](err); ok {
		return result, err
	}
	return result, failure(t.to, err)
}

func (t *transfer) tell(start time.Time, progress func(Progress), ended <-chan struct{}) {
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ended:
			return
		case <-ticker.C:
			progress(Progress{t.count.sent.Load(), t.count.total.Load(), time.Since(start)})
		}
	}
}

// image copies the image, what belongs to it, and then its name.
func (t *transfer) image(ctx context.Context, options CopyOptions, result *CopyResult) error {
	there := !options.Absent && t.tagged(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	result.Skipped = there
	if there && !options.Signatures && !t.thorough && !options.Describe {
		return nil
	}
	root, err := t.read(ctx, t.from)
	if err != nil {
		return err
	}
	defer t.room.free(root)
	if !there || t.thorough {
		if err := t.parts(ctx, root, 0); err != nil {
			return err
		}
		result.Skipped = there && t.count.puts.Load() == 0 && t.count.sent.Load() == 0 && t.count.mounted.Load() == 0
	}
	if options.Describe {
		if image, err := t.c.describe(ctx, t.from, root); err == nil {
			result.Image = &image
		}
	}
	if options.Signatures {
		if !there { // some registries refuse what refers to a manifest that is not there yet
			if _, err := t.store(ctx, root, t.to.withDigest(root.Digest)); err != nil {
				return err
			}
		}
		if err := t.signatures(ctx, root, options.WhenSupported); err != nil {
			return err
		}
	}
	if there {
		return nil
	}
	result.Unseen, err = t.name(ctx, root)
	return err
}

// tagged reports whether the destination says that it has the digest under its name, and remembers what it has instead.
func (t *transfer) tagged(ctx context.Context) bool {
	d, err := t.c.head(ctx, t.to, pushScope(t.to))
	switch {
	case err == nil:
		t.previous = d.Digest
	case status(err) == http.StatusNotFound:
		t.previous = ""
	default:
		t.previous = unknown
	}
	return err == nil && d.Digest == t.from.digest
}

// name stores the root under the destination's name, and waits until it shows.
func (t *transfer) name(ctx context.Context, root *manifest) (unseen, err error) {
	acknowledged, stored := t.store(ctx, root, t.to)
	for n, start := 0, time.Now(); ; n++ {
		d, err := t.c.head(withoutRetry(ctx), t.to, pushScope(t.to))
		late := err != nil || d.Digest == t.previous || t.previous == unknown
		switch {
		case err == nil && d.Digest == root.Digest:
			return nil, nil // also if only the answer was lost, or another copy was faster
		case stored != nil:
			return nil, stored
		case late && ctx.Err() == nil && time.Since(start) < t.c.cfg.Patience:
			_ = t.c.looking().Pause(ctx, n) // then it ends
		case !acknowledged && ctx.Err() == nil:
			return nil, &callError{ref: t.to, err: problemf(Mismatch, "the registry did not refuse %s, and does not show it", root.Digest)}
		case err != nil:
			return failure(t.to, err), nil
		case d.Digest != t.previous:
			return nil, &callError{ref: t.to, err: problemf(Mismatch, "the registry acknowledged %s under this name and now shows %s, "+
				"which somebody else has pushed", root.Digest, d.Digest)}
		default:
			return failure(t.to, problemf(Mismatch, "the registry acknowledged %s but still shows %s", root.Digest, d.Digest)), nil
		}
	}
}
