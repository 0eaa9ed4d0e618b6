package registry

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	// chunkSize is that of the requests to a registry that refuses a blob in one: nginx's default limit.
	chunkSize = 1 << 20

	// maxResumes is how often the transfer of one blob goes on after a cut, on either side, however far each one gets.
	maxResumes = 200
)

// way is how a registry takes the content of a blob.
type way int32

const (
	whole   way = iota // one PUT
	patched            // one PATCH, for registries that refuse a PUT with content
	chunked            // a PATCH for each chunk, for proxies that limit the size of a request
)

// upload is the transfer of one blob to a session at the destination.
type upload struct {
	*transfer
	content *content
	session string // where the next request goes
	way     way
}

// send brings a blob from the source to an upload. It goes on where the destination stopped if that can say so, and
// changes the way if the registry does not take the one that was tried.
func (t *transfer) send(ctx context.Context, d descriptor, session string) error {
	c := t.contentOf(ctx, d)
	defer c.close()
	up := &upload{transfer: t, content: c, session: session, way: t.c.way(t.to.host)}
	var refused error // by the way that was tried first
	stalls, reached := 0, int64(0)
	for range maxResumes {
		err := up.rest(ctx)
		if err == nil {
			t.c.ways.Store(t.to.host, up.way)
			return nil
		}
		at, broken := c.outcome()
		if broken != nil {
			return t.sourceFault(broken)
		}
		if ctx.Err() != nil {
			return err
		}
		if up.change(err) {
			refused = cmp.Or(refused, err)
			if up.session, err = t.begin(ctx, "", pushScope(t.to)); err != nil {
				return err
			}
			if err := c.seek(0); err != nil {
				return t.sourceFault(err)
			}
			continue
		}
		if at == 0 || stalls > t.c.cfg.MaxRetries || final(err) {
			return cmp.Or(refused, err)
		}
		if err := t.c.policy(ctx).Pause(ctx, stalls); err != nil {
			return err
		}
		offset, ok := up.offset(ctx)
		if !ok || offset > at {
			return err // the blob starts again
		}
		if stalls++; offset > reached {
			stalls, reached = 0, offset
		}
		if err := c.seek(offset); err != nil {
			return t.sourceFault(err)
		}
	}
	return problemf(Unreachable, "the blob %s was cut off %d times", d.Digest, maxResumes)
}

// sourceFault is the error of a content that could not be read, whatever the destination says to half a blob.
func (t *transfer) sourceFault(err error) error {
	if p, ok := errors.AsType[*problem](err); ok {
		return &callError{ref: t.from, err: p}
	}
	return err
}

// rest sends what the session lacks, and commits it.
func (u *upload) rest(ctx context.Context) error {
	for {
		at, err := u.content.outcome()
		if err != nil {
			return err
		}
		left := u.content.size - at
		if left == 0 || u.way == whole && at == 0 {
			return u.commit(ctx, left)
		}
		if u.way == chunked {
			left = min(left, chunkSize)
		}
		if err := u.patch(ctx, at, left); err != nil {
			return err
		}
	}
}

// patch sends the next n bytes.
func (u *upload) patch(ctx context.Context, at, n int64) error {
	header := http.Header{"Content-Type": {"application/octet-stream"}}
	if at > 0 || n < u.content.size {
		header.Set("Content-Range", fmt.Sprintf("%d-%d", at, at+n-1))
	}
	resp, err := u.c.do(withAnswer(ctx, aBlob), call{
		method: http.MethodPatch, ref: u.to, path: u.session, scopes: []string{pushScope(u.to)},
		header: header, body: u.content.next(n), want: []int{http.StatusAccepted, http.StatusNoContent, http.StatusCreated},
	})
	if err != nil {
		return err
	}
	_ = resp.Body.Close() // says nothing more
	u.follow(resp)
	if reached, _ := u.content.outcome(); reached != at+n {
		return &callError{ref: u.to, withBody: true, err: errors.New("the registry answered before it had the whole request")}
	}
	return nil
}

// follow takes the session's next URL from an answer.
func (u *upload) follow(resp *http.Response) {
	if next, err := resp.Location(); err == nil {
		u.session = next.String()
	}
}

// commit ends the upload, with the last n bytes of the blob.
func (u *upload) commit(ctx context.Context, n int64) error {
	joint := "?"
	if parsed, err := url.Parse(u.session); err == nil && parsed.RawQuery != "" {
		joint = "&"
	}
	resp, err := u.c.do(withAnswer(ctx, aBlob), call{
		method: http.MethodPut, ref: u.to, path: u.session + joint + "digest=" + url.QueryEscape(u.content.digest),
		scopes: []string{pushScope(u.to)}, body: u.content.next(n),
		header: http.Header{"Content-Type": {"application/octet-stream"}}, want: []int{http.StatusCreated, http.StatusNoContent},
	})
	if err == nil {
		_ = resp.Body.Close() // says nothing more
	}
	return err
}

// offset asks the session how many bytes it has.
func (u *upload) offset(ctx context.Context) (int64, bool) {
	resp, err := u.c.do(ctx, call{
		method: http.MethodGet, ref: u.to, path: u.session, scopes: []string{pushScope(u.to)},
		want: []int{http.StatusNoContent, http.StatusOK, http.StatusAccepted},
	})
	if err != nil {
		return 0, false
	}
	_ = resp.Body.Close() // in memory
	_, last, found := strings.Cut(strings.TrimPrefix(resp.Header.Get("Range"), "bytes="), "-")
	end, err := strconv.ParseInt(strings.TrimSpace(last), 10, 64)
	if !found || err != nil || end <= 0 { // 0-0 says "none", or "one byte"
		return 0, false
	}
	u.follow(resp)
	return end + 1, true
}

// change takes another way if the registry, or a proxy in front of it, does not take this one.
func (u *upload) change(err error) bool {
	if call, ok := errors.AsType[*callError](err); !ok || !call.withBody {
		return false
	}
	before := u.way
	switch status(err) {
	case http.StatusRequestEntityTooLarge:
		u.way = chunked
	case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusLengthRequired,
		http.StatusUnsupportedMediaType, http.StatusNotImplemented:
		if !is(failure(u.to, err), Mismatch) {
			u.way = max(u.way, patched)
		}
	}
	return u.way != before
}

// way returns how a registry is known to take content.
func (c *Client) way(host string) way {
	known, _ := c.ways.Load(host)
	w, _ := known.(way) // else whole
	return w
}

// contentOf is the content of a blob: inlined in its descriptor, or the source's.
func (t *transfer) contentOf(ctx context.Context, d descriptor) *content {
	c := &content{digest: d.Digest, size: d.Size, sent: &t.count.sent}
	c.open = func(from int64) (io.ReadCloser, error) { return t.open(ctx, d, from) }
	c.again = func(cuts int) bool {
		return cuts <= t.c.cfg.MaxRetries &&
			t.c.policy(ctx).Pause(ctx, cuts-1) == nil
	}
	return c.init()
}

// open returns the content of a blob from an offset on.
func (t *transfer) open(ctx context.Context, d descriptor, from int64) (io.ReadCloser, error) {
	if int64(len(d.Data)) == d.Size {
		return io.NopCloser(bytes.NewReader(d.Data[from:])), nil
	}
	header, want := http.Header{}, []int{http.StatusOK}
	if from > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", from))
		want = append(want, http.StatusPartialContent)
	}
	resp, err := t.c.do(withAnswer(ctx, aBlob), call{
		method: http.MethodGet, ref: t.from, path: blobPath(t.from, d.Digest), header: header, want: want,
	})
	if err != nil {
		return nil, err
	}
	length := d.Size
	if resp.StatusCode == http.StatusPartialContent {
		length -= from
		if !strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", from)) {
			length = -1 // not what was asked for
		}
	}
	if length < 0 || resp.ContentLength >= 0 && resp.ContentLength != length {
		_ = resp.Body.Close() // not wanted
		return nil, &callError{ref: t.from, err: problemf(Mismatch, "the blob %s has %d bytes, not %d", d.Digest, resp.ContentLength, length)}
	}
	if resp.StatusCode == http.StatusOK && from > 0 {
		if _, err := io.CopyN(io.Discard, resp.Body, from); err != nil {
			_ = resp.Body.Close() // cut off again
			return nil, err
		}
	}
	return resp.Body, nil
}
