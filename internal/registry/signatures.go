package registry

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// cosignSuffixes end the tags under which cosign stores what it knows about a digest.
var cosignSuffixes = []string{".sig", ".att", ".sbom"}

// digestTag is the tag that cosign and the OCI referrers tag schema use for a digest.
func digestTag(digest string) string { return strings.Replace(digest, ":", "-", 1) }

// Attached is what was copied along with an image: a signature or another referrer.
type Attached struct {
	Ref    string `json:"ref"`
	Digest string `json:"digest"`
	// List is a list of referrers, to which others may add.
	List bool `json:"list,omitempty"`
}

// SignatureError is a copy that failed because of what belongs to the image, not because of the image.
type SignatureError struct {
	Ref string // the signature or referrer, at the destination
	Err error
}

// Error says which signature failed, and why.
func (e *SignatureError) Error() string { return "the signature " + e.Ref + ": " + e.Err.Error() }

// Unwrap returns why.
func (e *SignatureError) Unwrap() error { return e.Err }

// signatures copies what others have said about the image and its platforms: cosign's tags, and the
// manifests that name one of them as their subject.
func (t *transfer) signatures(ctx context.Context, root *manifest, whenSupported bool) error {
	known := t.tagsOf(ctx)
	subjects := []string{root.Digest}
	for _, child := range root.children() {
		subjects = append(subjects, child.Digest)
	}
	for i := 0; i < len(subjects); i++ {
		if i > maxReferrers || ctx.Err() != nil {
			return errors.Join(ctx.Err(), problemf(Refused, "more than %d signatures and other referrers", maxReferrers))
		}
		for _, suffix := range cosignSuffixes {
			tag := digestTag(subjects[i]) + suffix
			digest := known.has(ctx, tag)
			if digest == "" {
				continue
			}
			if err := t.attach(ctx, t.to.withTag(tag), digest, whenSupported); err != nil {
				return err
			}
		}
		more, err := t.referrers(ctx, subjects[i], known, whenSupported)
		if err != nil {
			return err
		}
		for _, digest := range more {
			if !slices.Contains(subjects, digest) {
				subjects = append(subjects, digest)
			}
		}
	}
	if known.asked > 0 && known.asked == known.failed {
		return known.err // nothing could be found out
	}
	if known.asked > 0 {
		t.unlisted = failure(t.from, known.err)
	}
	return nil
}

// knownTags are the tags of the source, or what it says of each if it does not list them.
type knownTags struct {
	t             *transfer
	list          []string
	asked, failed int
	err           error // why they are not listed
}

func (t *transfer) tagsOf(ctx context.Context) *knownTags {
	list, err := t.c.tags(ctx, t.from)
	return &knownTags{t: t, list: list, err: err}
}

// may reports whether there may be such a tag.
func (k *knownTags) may(tag string) bool {
	_, there := slices.BinarySearch(k.list, tag)
	return there || k.err != nil
}

// has returns the digest of a tag of the source, "" if there is none.
func (k *knownTags) has(ctx context.Context, tag string) string {
	if !k.may(tag) {
		return ""
	}
	d, err := k.t.c.head(ctx, k.t.from.withTag(tag))
	if k.err != nil {
		k.asked++
		if err != nil && status(err) != http.StatusNotFound {
			k.failed++
		}
	}
	return d.Digest
}

// attach copies what the source has under a digest.
func (t *transfer) attach(ctx context.Context, to ref, digest string, whenSupported bool) error {
	if slices.ContainsFunc(t.attached, func(a Attached) bool { return a.Ref == to.String() }) {
		return nil
	}
	part := &transfer{c: t.c, from: t.from.withDigest(digest), to: to, thorough: t.thorough, job: t.job}
	err := part.image(ctx, CopyOptions{}, &CopyResult{})
	if err == nil {
		t.attached = append(t.attached, Attached{Ref: to.String(), Digest: digest})
		return nil
	}
	if ctx.Err() != nil {
		return err
	}
	err = failure(to, err)
	if whenSupported && refusedBy(err, to.host) {
		t.leftOut = append(t.leftOut, err)
		return nil
	}
	return &SignatureError{to.String(), err}
}

// refusedBy reports whether a registry does not take what it was sent.
func refusedBy(err error, host string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Host == host && (e.Kind == Refused || e.Kind == Denied || e.Kind == Immutable || e.Kind == NotFound)
}
