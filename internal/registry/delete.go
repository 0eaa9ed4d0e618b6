package registry

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// maxOthers limits how many tags are checked before a digest is deleted.
const maxOthers = 500

// leaving are the tags that this client was asked to delete.
type leaving struct {
	mu   sync.Mutex
	tags map[string]bool
}

func (l *leaving) add(r ref) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tags == nil {
		l.tags = map[string]bool{}
	}
	l.tags[r.String()] = true
}

func (l *leaving) has(r ref) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tags[r.String()]
}

// Delete removes what a reference names. With a tag and a digest, the tag is removed only while it points
// to that digest. If a registry deletes only by digest, the digest is deleted unless another tag points to
// it that this client was not asked to delete; then the error is of the kind Shared.
func (c *Client) Delete(ctx context.Context, reference string) error {
	r, err := parse(reference)
	if err != nil {
		return err
	}
	return failure(r, c.delete(ctx, r))
}

func (c *Client) delete(ctx context.Context, r ref) error {
	if r.tag == "" {
		return c.remove(ctx, r)
	}
	tag := r.withTag(r.tag)
	d, err := c.head(ctx, tag)
	if err != nil {
		return err
	}
	if r.digest != "" && d.Digest != r.digest {
		return problemf(Mismatch, "the tag now points to %s", d.Digest)
	}
	c.leaving.add(tag)
	refusal := c.remove(ctx, tag)
	switch status(refusal) {
	case http.StatusMethodNotAllowed, http.StatusBadRequest, http.StatusNotFound: // Nexus, of what was just there (regclient 258)
	default:
		return refusal
	}
	others, err := c.sharing(ctx, r, d.Digest)
	if answer := status(err); answer >= http.StatusBadRequest && answer < http.StatusInternalServerError {
		return refusal // what says why: GHCR deletes nothing, and lists tags for few
	}
	if err != nil {
		return err
	}
	if len(others) > 0 {
		return problemf(Shared, "the registry deletes by digest only, and the tag %s has the same digest", others[0])
	}
	return c.remove(ctx, r.withDigest(d.Digest))
}

// Sharing returns the other tags of a repository that point to the digest of the reference, but for those that this
// client was asked to delete.
func (c *Client) Sharing(ctx context.Context, reference string) ([]string, error) {
	r, err := parse(reference)
	if err != nil {
		return nil, err
	}
	others, err := c.sharing(ctx, r, r.digest)
	return others, failure(r, err)
}

func (c *Client) sharing(ctx context.Context, r ref, digest string) (others []string, err error) {
	tags, err := c.tags(ctx, r)
	if err != nil {
		return nil, err
	}
	tags = slices.DeleteFunc(tags, func(tag string) bool {
		return tag == r.tag || strings.HasPrefix(tag, "sha256-") || strings.HasPrefix(tag, "sha512-") || c.leaving.has(r.withTag(tag))
	})
	if len(tags) > maxOthers {
		return nil, problemf(Refused, "the repository has too many tags (%d) to check whether others point to this digest", len(tags))
	}
	for _, tag := range tags {
		o, err := c.head(ctx, r.withTag(tag))
		if err == nil && o.Digest == digest {
			others = append(others, tag)
		}
		if err != nil && status(err) != http.StatusNotFound {
			return nil, err
		}
	}
	return others, nil
}

func (c *Client) remove(ctx context.Context, r ref) error {
	resp, err := c.do(ctx, call{
		method: http.MethodDelete, ref: r, path: manifestPath(r),
		scopes: []string{"repository:" + r.repo + ":pull,push,delete"},
		want:   []int{http.StatusOK, http.StatusAccepted, http.StatusNoContent},
	})
	if err == nil {
		resp.Body.Close()
	}
	return err
}
