package registry

import (
	"context"
	"net/http"
	"slices"
)

// maxOthers limits how many tags are checked before a digest is deleted.
const maxOthers = 500

// Delete removes what a reference names. With a tag and a digest, the tag is removed only while it points
// to that digest. If a registry deletes only by digest, the digest is deleted unless another tag points to
// it.
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
	err = c.remove(ctx, tag)
	if code := status(err); code != http.StatusMethodNotAllowed && code != http.StatusBadRequest {
		return err
	}
	others, err := c.tags(ctx, r)
	if err != nil {
		return err
	}
	if len(others) > maxOthers {
		return problemf(Refused, "the registry deletes by digest only, and the repository has too many tags (%d) "+
			"to check whether others point to this digest", len(others))
	}
	for _, other := range slices.DeleteFunc(others, func(t string) bool { return t == r.tag }) {
		o, err := c.head(ctx, r.withTag(other))
		if err == nil && o.Digest == d.Digest {
			return problemf(Refused, "the registry deletes by digest only, and the tag %s has the same digest", other)
		}
		if err != nil && status(err) != http.StatusNotFound {
			return err
		}
	}
	return c.remove(ctx, r.withDigest(d.Digest))
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
