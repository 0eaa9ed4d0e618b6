package registry

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// transfer copies the parts of one image from one repository to another.
type transfer struct {
	c        *Client
	from, to ref
	// thorough: what is there is looked at, too, down to its blobs.
	thorough bool
	// previous is the digest that the destination had under the name before; unknown if it did not say.
	previous string
	*job
}

// unknown is the previous digest of a destination that did not say.
const unknown = "?"

// blob copies a blob, unless it is there or on its way already.
func (t *transfer) blob(ctx context.Context, d descriptor) error {
	if !wholeDigest().MatchString(d.Digest) || d.Size < 0 {
		return problemf(Refused, "the manifest refers to a blob by an invalid digest, or without a size")
	}
	mount, have, done, err := t.c.blobs.claim(ctx, t.to.host, t.to.repo, d.Digest)
	if err != nil || have {
		return err
	}
	if mount == "" && t.from.host == t.to.host && t.from.repo != t.to.repo {
		mount = t.from.repo
	}
	t.count.total.Add(d.Size)
	sent := false
	err = inSlot(ctx, t.c.slots, func() error {
		return t.again(ctx, func() (err error) {
			sent, err = t.bring(ctx, d, mount)
			return err
		})
	})
	done(err == nil, sent)
	return err
}

// blobAgain sends a blob that the destination said to have, and lacks.
func (t *transfer) blobAgain(ctx context.Context, d descriptor) error {
	return inSlot(ctx, t.c.slots, func() error {
		return t.again(ctx, func() error {
			session, err := t.begin(ctx, "", pushScope(t.to))
			if err != nil {
				return err
			}
			return t.send(ctx, d, session)
		})
	})
}

// inSlot runs f while fewer others run than there are slots.
func inSlot(ctx context.Context, slots chan struct{}, f func() error) error {
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-slots }()
	return f()
}

// again runs f until it succeeds or its failure is final. Calls without a body have been retried already;
// one with a body starts again, in a new upload.
func (t *transfer) again(ctx context.Context, f func() error) error {
	for n := 0; ; n++ {
		err := f()
		policy := t.c.policy(ctx)
		if err == nil || n >= policy.Max || ctx.Err() != nil || final(err) {
			return err
		}
		wait, _ := policy.Wait(n, nil)
		if call, ok := errors.AsType[*callError](err); ok && call.retryAfter > 0 {
			if wait = call.retryAfter; !policy.Heeds(wait) {
				return err
			}
		}
		if err := transport.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// final reports whether another try would fail the same way.
func final(err error) bool {
	if p, ok := errors.AsType[*problem](err); ok {
		return p.kind != Unreachable
	}
	call, ok := errors.AsType[*callError](err)
	if !ok || !call.withBody {
		return ok // without a call, it is a source that was cut off
	}
	switch code := status(err); code {
	case 0:
		return transport.Permanent(err)
	case http.StatusUnauthorized:
		return !call.renewed
	case http.StatusRequestTimeout, http.StatusNotFound, http.StatusRequestedRangeNotSatisfiable:
		return is(failure(call.ref, err), NoRepository) // else the upload's session is gone
	default:
		return !transport.TransientStatus(code)
	}
}

// bring mounts or sends a blob that the destination may lack; sent if it was sent.
func (t *transfer) bring(ctx context.Context, d descriptor, mount string) (sent bool, err error) {
	var session string
	if mount != "" {
		var mounted bool
		if session, mounted, err = t.mount(ctx, d.Digest, mount); err != nil {
			return false, err
		}
		if mounted {
			t.count.mounted.Add(1)
			t.count.total.Add(-d.Size)
			return false, nil
		}
	}
	if t.has(ctx, blobPath(t.to, d.Digest)) {
		t.count.total.Add(-d.Size)
		t.abandon(ctx, session)
		return false, nil
	}
	if session == "" {
		if session, err = t.begin(ctx, "", pushScope(t.to)); err != nil {
			return false, err
		}
	}
	return true, t.send(ctx, d, session)
}

// has reports whether the destination says that it has a blob or a manifest. Whatever is no clear yes means that it is
// sent: some registries answer 400, 401, 403 or 405 for what is not there.
func (t *transfer) has(ctx context.Context, path string) bool {
	resp, err := t.c.do(ctx, call{
		method: http.MethodHead, ref: t.to, path: path, scopes: []string{pushScope(t.to)},
		header: http.Header{"Accept": {accepted}}, want: []int{http.StatusOK, http.StatusNotFound},
	})
	if err != nil {
		return false
	}
	_ = resp.Body.Close() // of a HEAD
	return resp.StatusCode == http.StatusOK
}

// mount asks the registry to take a blob from another of its repositories. Otherwise it may have begun an
// upload instead, or have refused: then there is no session, and no error.
func (t *transfer) mount(ctx context.Context, digest, from string) (session string, mounted bool, err error) {
	scopes := []string{pushScope(t.to), "repository:" + from + ":pull"}
	session, err = t.begin(ctx, "?"+url.Values{"mount": {digest}, "from": {from}}.Encode(), scopes...)
	if ctx.Err() != nil {
		return "", false, err
	}
	if err != nil {
		return "", false, nil //nolint:nilerr // the blob is then sent, which reports what matters
	}
	return session, session == "", nil
}

// begin starts an upload, and returns where to send it; "" if a mount has made it unnecessary.
func (t *transfer) begin(ctx context.Context, query string, scopes ...string) (string, error) {
	resp, err := t.c.do(ctx, call{
		method: http.MethodPost, ref: t.to, path: "/v2/" + t.to.repo + "/blobs/uploads/" + query,
		scopes: scopes, want: []int{http.StatusAccepted, http.StatusCreated},
	})
	if err != nil {
		return "", err
	}
	_ = resp.Body.Close() // in memory
	if resp.StatusCode == http.StatusCreated {
		return "", nil
	}
	location, err := resp.Location()
	if err != nil {
		return "", problemf(Refused, "the registry began an upload but did not say where to send it")
	}
	return location.String(), nil
}

// abandon ends an upload that is not needed. The registry would end it eventually.
func (t *transfer) abandon(ctx context.Context, session string) {
	if session == "" {
		return
	}
	resp, err := t.c.do(ctx, call{
		method: http.MethodDelete, ref: t.to, path: session, scopes: []string{pushScope(t.to)},
		want: []int{http.StatusNoContent, http.StatusAccepted, http.StatusOK},
	})
	if err == nil {
		_ = resp.Body.Close() // in memory
	}
}

// foreign are media types of layers that no registry stores: clients fetch them from elsewhere.
var foreign = []string{
	"application/vnd.docker.image.rootfs.foreign.diff.tar",
	"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
	"application/vnd.oci.image.layer.nondistributable.v1.tar",
	"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
	"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
}

// split returns the distinct blobs that a manifest refers to, foreign layers apart.
func (m *manifest) split() (own, apart []descriptor) {
	seen := map[string]bool{}
	for _, d := range slices.Concat(m.config(), m.Layers, m.Blobs) {
		switch {
		case seen[d.Digest]:
		case slices.Contains(foreign, d.MediaType):
			apart = append(apart, d)
		default:
			own = append(own, d)
		}
		seen[d.Digest] = true
	}
	return own, apart
}

func (m *manifest) config() []descriptor {
	if m.Config == nil {
		return nil
	}
	return []descriptor{*m.Config}
}
