package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// Limits of what is read of one image's signatures and attestations: bytes of one, of all together, and how many.
const (
	maxDocument  = 8 << 20
	maxDocuments = 64 << 20
	maxAttached  = 100

	// smallDocument is the size up to which documents are read without a turn.
	smallDocument = 1 << 20
)

// signatureAnnotation is where cosign stores the signature of a simple signing payload.
const signatureAnnotation = "dev.cosignproject.cosign/signature"

// Document is a signature or an attestation that is attached to an image.
type Document struct {
	MediaType string
	Signature string // cosign's annotation with the signature of a payload; "" for other forms
	Content   []byte // its digest is that of the manifest which lists it
	Problem   string // why there is no content; "" if there is
}

// Documents passes on what is attached to a digest in the repository of a reference, until read returns false: under cosign's
// tags, and as referrers of a wanted type, the last that was listed first. What is larger than 8 MiB has a Problem in place
// of its content. The error is about what could not be looked for; there may be documents all the same.
func (c *Client) Documents(
	ctx context.Context, reference, digest string, wanted func(artifactType string) bool, read func(Document) (more bool),
) error {
	r, err := parse(reference)
	if err != nil {
		return err
	}
	if !wholeDigest().MatchString(digest) {
		return failure(r, problemf(Refused, "there is no digest %q", digest))
	}
	a := &attachments{c: c, at: r, wanted: wanted, read: read}
	return failure(r.withDigest(digest), a.all(ctx, digest))
}

// attachments are those of one image, while they are read.
type attachments struct {
	c      *Client
	at     ref
	wanted func(artifactType string) bool
	read   func(Document) bool
	count  int
	bytes  int64
	ended  bool // no more is wanted
}

func (a *attachments) all(ctx context.Context, digest string) error {
	var failed []error
	for _, suffix := range []string{".sig", ".att"} {
		err := a.manifest(ctx, a.at.withTag(digestTag(digest)+suffix))
		if a.ended || ctx.Err() != nil {
			return ctx.Err()
		}
		if status(err) != http.StatusNotFound {
			failed = append(failed, err)
		}
	}
	list, err := a.referrers(ctx, digest)
	failed = append(failed, err)
	for i, entry := range list {
		if i == maxAttached {
			a.tooMany()
			break
		}
		failed = append(failed, a.manifest(ctx, a.at.withDigest(entry)))
		if a.ended || ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return errors.Join(failed...)
}

// referrers returns the digests of the wanted manifests whose subject is the digest, the newest first: by their own word, else
// the last in the list, where cosign adds.
func (a *attachments) referrers(ctx context.Context, digest string) ([]string, error) {
	t := &transfer{c: a.c, from: a.at, job: &job{}}
	defer t.room.leave(a.c)
	list, answers, err := t.askReferrers(ctx, a.at, digest)
	if err == nil && !answers {
		list, _, err = t.fallback(ctx, a.at, digest)
	}
	var digests []string
	created := map[string]string{}
	for _, entry := range slices.Backward(list) {
		var d struct {
			ArtifactType string
			Annotations  map[string]string
		}
		if json.Unmarshal(entry.raw, &d) == nil && (d.ArtifactType == "" || a.wanted(d.ArtifactType)) { // the fallback tag may not tell it
			digests = append(digests, entry.digest)
			created[entry.digest] = d.Annotations[CreatedLabel]
		}
	}
	slices.SortStableFunc(digests, func(a, b string) int { return strings.Compare(created[b], created[a]) })
	return digests, err
}

// manifest reads the documents that a manifest lists, the last one first.
func (a *attachments) manifest(ctx context.Context, r ref) error {
	m, err := a.c.get(ctx, r)
	if err != nil {
		return a.unusable(err)
	}
	var content struct {
		ArtifactType string
		Layers       []struct {
			descriptor
			Annotations map[string]string
		}
	}
	if json.Unmarshal(m.raw, &content) != nil {
		return a.unusable(problemf(Refused, "its manifest is not valid"))
	}
	if content.ArtifactType != "" && !a.wanted(content.ArtifactType) {
		return nil
	}
	for _, layer := range slices.Backward(content.Layers) {
		if err := a.document(ctx, r, layer.descriptor, layer.Annotations[signatureAnnotation]); err != nil || a.ended {
			return err
		}
	}
	return nil
}

// document reads one document.
func (a *attachments) document(ctx context.Context, r ref, d descriptor, signature string) error {
	a.count++
	switch {
	case a.count > maxAttached:
		a.tooMany()
		return nil
	case !wholeDigest().MatchString(d.Digest):
		return a.unusable(problemf(Refused, "its digest is invalid"))
	case d.Size > maxDocument || a.bytes > maxDocuments-maxDocument:
		return a.unusable(problemf(Refused, "its %d bytes are more than is read", d.Size))
	}
	if d.Size > smallDocument {
		return inSlot(ctx, a.c.documents, func() error { return a.content(withAnswer(ctx, aDocument), r, d, signature) })
	}
	return a.content(ctx, r, d, signature)
}

// content reads the content of a document.
func (a *attachments) content(ctx context.Context, r ref, d descriptor, signature string) error {
	err := a.c.fetch(ctx,
		call{method: http.MethodGet, ref: r, path: blobPath(r, d.Digest), want: []int{http.StatusOK}},
		func(_ *http.Response, content []byte) error {
			a.bytes += int64(len(content))
			algorithm, _, _ := strings.Cut(d.Digest, ":")
			if digestOf(algorithm, content) != d.Digest {
				return problemf(Mismatch, "its content is not what its digest says")
			}
			a.pass(Document{MediaType: d.MediaType, Signature: signature, Content: content})
			return nil
		})
	if status(err) == http.StatusNotFound {
		err = problemf(Refused, "its content is gone")
	}
	return a.unusable(err)
}

// unusable passes on that a document cannot be used, if an error means that; it returns any other error.
func (a *attachments) unusable(err error) error {
	_, large := errors.AsType[*transport.TooLargeError](err)
	broken, wrong := errors.AsType[*problem](err)
	switch {
	case large:
		a.pass(Document{Problem: "it is larger than is read"})
	case wrong && broken.kind != Unreachable:
		a.pass(Document{Problem: broken.text})
	default:
		return err
	}
	return nil
}

// tooMany passes on that no more is read.
func (a *attachments) tooMany() {
	a.pass(Document{Problem: fmt.Sprintf("more than %d signatures and attestations are attached; the rest was not read", maxAttached)})
	a.ended = true
}

func (a *attachments) pass(d Document) { a.ended = !a.read(d) || a.ended }
