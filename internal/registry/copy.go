package registry

import (
	"context"
	"net/http"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

const (
	// maxDepth, maxChildren and maxBlobs limit the parts of an image, far above any real one.
	maxDepth    = 4
	maxChildren = 1_000
	maxBlobs    = 5_000
)

// CopyOptions are the settings of one copy.
type CopyOptions struct {
	// Digest is what to copy, as the plan showed it; "" means what the source has now.
	Digest string
	// Signatures also copies cosign's .sig, .att and .sbom tags and the referrers.
	Signatures bool
}

// CopyResult says what a copy did.
type CopyResult struct {
	Digest    string // what the destination now has
	Skipped   bool   // the destination had it already, and nothing was written
	Mounted   int    // blobs that came from another repository of the destination's registry
	BytesSent int64  // of blobs
	// Attached are the references at the destination of what Signatures copied, or found there.
	Attached []string
}

type counts struct {
	mounted, sent atomic.Int64
}

// Copy copies an image from source to destination, byte for byte: all platforms, attestations, any media
// type. Content comes first and the tag last, so that no tag names half an image; an interrupted copy
// resumes where it stopped. It succeeds only once the destination has answered with the digest. If the
// destination has it already, nothing is written.
func (c *Client) Copy(ctx context.Context, source, destination string, options CopyOptions) (CopyResult, error) {
	from, err := parse(source)
	if err != nil {
		return CopyResult{}, err
	}
	to, err := parse(destination)
	if err != nil {
		return CopyResult{}, err
	}
	if options.Digest != "" {
		if !wholeDigest().MatchString(options.Digest) {
			return CopyResult{}, failure(from, problemf(Refused, "there is no digest %q", options.Digest))
		}
		from = from.withDigest(options.Digest)
	}
	if from.digest == "" {
		d, err := c.Head(ctx, from.String())
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
	t := &transfer{c: c, from: from, to: to, count: new(counts)}
	result := CopyResult{Digest: from.digest}
	result.Skipped, err = t.image(ctx, options.Signatures)
	result.Mounted, result.BytesSent = int(t.count.mounted.Load()), t.count.sent.Load()
	result.Attached = t.attached
	return result, failure(to, err)
}

// image copies the image and then its name; true if the name was there already.
func (t *transfer) image(ctx context.Context, signatures bool) (skipped bool, err error) {
	there, err := t.names(ctx)
	if err != nil || there && !signatures {
		return there, err
	}
	var root *manifest
	if !there {
		if root, err = t.c.get(ctx, t.from); err != nil {
			return false, err
		}
		if err := t.parts(ctx, root, 0); err != nil {
			return false, err
		}
	}
	if signatures {
		if err := t.signatures(ctx, root); err != nil {
			return false, err
		}
	}
	if there {
		return true, nil
	}
	stored := t.put(ctx, root, t.to)
	if there, err = t.names(ctx); there {
		return false, nil // also if only the answer was lost, or another copy was faster
	}
	if stored != nil {
		return false, stored
	}
	if err == nil {
		err = &callError{ref: t.to, err: problemf(Mismatch, "the registry accepted the manifest but now has "+
			"another one under that name")}
	}
	return false, err
}

// names reports whether the destination has the digest under its name.
func (t *transfer) names(ctx context.Context) (bool, error) {
	d, err := t.c.head(ctx, t.to, pushScope(t.to))
	if status(err) == http.StatusNotFound {
		return false, nil
	}
	return err == nil && d.Digest == t.from.digest, err
}

// parts copies all that a manifest refers to.
func (t *transfer) parts(ctx context.Context, m *manifest, depth int) error {
	if m.SchemaVersion == 1 {
		return problemf(Refused, "the image is in Docker's schema 1, which registries no longer accept")
	}
	blobs := m.ownBlobs()
	if depth > maxDepth || len(m.Manifests) > maxChildren || len(blobs) > maxBlobs {
		return problemf(Refused, "%s refers to more than is ever copied: %d manifests and %d blobs, at depth %d",
			m.Digest, len(m.Manifests), len(blobs), depth)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(t.c.cfg.Jobs)
	for _, child := range m.Manifests {
		g.Go(func() error { return t.child(ctx, child, depth+1) })
	}
	for _, blob := range blobs {
		g.Go(func() error { return t.blob(ctx, blob) })
	}
	return g.Wait()
}

// child copies a manifest of an index, with all that it refers to, unless it is there.
func (t *transfer) child(ctx context.Context, d descriptor, depth int) error {
	if !wholeDigest().MatchString(d.Digest) {
		return problemf(Refused, "the index refers to a manifest by an invalid digest")
	}
	to := t.to.withDigest(d.Digest)
	there, err := t.has(ctx, manifestPath(to))
	if err != nil || there {
		return err
	}
	m, err := t.c.get(ctx, t.from.withDigest(d.Digest), d.MediaType)
	if err != nil {
		return err
	}
	if err := t.parts(ctx, m, depth); err != nil {
		return err
	}
	return t.put(ctx, m, to)
}

// put stores a manifest under a tag or its digest.
func (t *transfer) put(ctx context.Context, m *manifest, to ref) error {
	return t.again(ctx, func() error {
		resp, err := t.c.do(ctx, call{
			method: http.MethodPut, ref: to, path: manifestPath(to), scopes: []string{pushScope(to)},
			header: http.Header{"Content-Type": {m.Descriptor.MediaType}}, body: bytesBody(m.raw, m.Digest),
			want: []int{http.StatusCreated, http.StatusOK, http.StatusAccepted},
		})
		if err == nil {
			_ = resp.Body.Close() // in memory
		}
		return err
	})
}
