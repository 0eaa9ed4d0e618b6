package registry

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
)

const (
	// smallManifest is the size up to which manifests need no turn: that of any real one.
	smallManifest = 64 << 10
	// smallRoom is how many bytes of manifests a copy holds at a time without a turn, and largeRoom with one.
	smallRoom = 256 << 10
	largeRoom = 6 << 20

	// maxCopies limits the copies that hold manifests at a time.
	maxCopies = 32
)

// room bounds the manifests that a copy holds: all copies together hold maxCopies times smallRoom, and largeRoom for the
// one whose turn it is. Nobody waits for a turn while another needs what it holds, so none waits for ever.
type room struct {
	asking sync.Mutex // held while one part of the copy waits for the turn
	mu     sync.Mutex
	held   int
	turn   bool
}

// needsTurn is why a manifest was not kept.
type needsTurn struct{ error }

// acquire makes room for n bytes.
func (r *room) acquire(n int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.turn && r.held+n > largeRoom:
		return problemf(Refused, "the image's manifests are larger than are ever copied: more than %d MiB at a time", largeRoom>>20)
	case !r.turn && (n > smallManifest || r.held+n > smallRoom):
		return needsTurn{problemf(Refused, "the manifest is large")}
	}
	r.held += n
	return nil
}

func (r *room) free(m *manifest) { r.give(len(m.raw)) }

func (r *room) give(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held -= n
}

// wait waits for the turn.
func (r *room) wait(ctx context.Context, c *Client) error {
	r.asking.Lock()
	defer r.asking.Unlock()
	r.mu.Lock()
	has := r.turn
	r.mu.Unlock()
	if has {
		return nil
	}
	select {
	case c.large <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn = true
	return nil
}

// leave gives the turn back.
func (r *room) leave(c *Client) {
	if r.turn {
		<-c.large
	}
}

// read fetches a manifest for which the copy has room.
func (t *transfer) read(ctx context.Context, r ref, mediaTypes ...string) (m *manifest, err error) {
	err = t.within(ctx, manifestCall(r, mediaTypes), func(resp *http.Response, content []byte) error {
		m, err = readManifest(r, content, append(slices.Clone(mediaTypes), mediaType(resp.Header))[0])
		return err
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// within passes on the content of an answer for which the copy has room. If that takes a turn, it is fetched again.
func (t *transfer) within(ctx context.Context, call call, use func(resp *http.Response, content []byte) error) error {
	for {
		err := t.c.fetch(ctx, call, func(resp *http.Response, content []byte) error {
			if err := t.room.acquire(len(content)); err != nil {
				return err
			}
			return use(resp, content)
		})
		if _, waits := errors.AsType[needsTurn](err); !waits {
			return err
		}
		if err := t.room.wait(ctx, t.c); err != nil {
			return err
		}
	}
}
