package registry

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/harnessci/terraform-provider-harnessci/internal/flight"
)

const (
	// maxDepth, maxChildren, maxBlobs and maxManifests limit the parts of an image, far above any real one.
	maxDepth     = 4
	maxChildren  = 1_000
	maxBlobs     = 5_000
	maxManifests = 2_000
)

// manifests are those that a copy has to do with, each once however often it is referred to.
type manifests struct {
	done  flight.Group[string, struct{}] // by repository and digest
	count atomic.Int64
	mu    sync.Mutex
	ours  map[string]bool // those that this copy has stored
}

func (m *manifests) stored(digest string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ours == nil {
		m.ours = map[string]bool{}
	}
	m.ours[digest] = true
}

// doubtful reports whether a manifest was not stored by this copy. From then on it counts as stored.
func (m *manifests) doubtful(digest string) bool {
	m.mu.Lock()
	was := m.ours[digest]
	m.mu.Unlock()
	m.stored(digest)
	return !was
}

// parts copies all that a manifest refers to.
func (t *transfer) parts(ctx context.Context, m *manifest, depth int) error {
	if m.SchemaVersion == 1 {
		return problemf(Refused, "the image is in Docker's schema 1, which registries no longer accept")
	}
	blobs, _ := m.split()
	if depth > maxDepth || len(m.Manifests) > maxChildren || len(blobs) > maxBlobs || t.manifest.count.Load() > maxManifests {
		return problemf(Refused, "%s refers to more than is ever copied: %d manifests and %d blobs, at depth %d",
			m.Digest, len(m.Manifests), len(blobs), depth)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(t.c.cfg.Jobs)
	for _, child := range m.children() {
		g.Go(func() error {
			_, err := t.manifest.done.Do(ctx, t.to.repo+"@"+child.Digest, func(ctx context.Context) (struct{}, error) {
				t.manifest.count.Add(1)
				return struct{}{}, t.child(ctx, child, depth+1)
			})
			return err
		})
	}
	for _, blob := range blobs {
		g.Go(func() error { return t.blob(ctx, blob) })
	}
	return g.Wait()
}

// children are the distinct manifests of an index.
func (m *manifest) children() (distinct []descriptor) {
	seen := map[string]bool{}
	for _, child := range m.Manifests {
		if !seen[child.Digest] {
			distinct = append(distinct, child)
		}
		seen[child.Digest] = true
	}
	return distinct
}

// child copies a manifest of an index, with all that it refers to. What is there already is skipped, unless the copy
// is thorough: then only the manifest itself is.
func (t *transfer) child(ctx context.Context, d descriptor, depth int) error {
	if !wholeDigest().MatchString(d.Digest) {
		return problemf(Refused, "the index refers to a manifest by an invalid digest")
	}
	to := t.to.withDigest(d.Digest)
	there := t.has(ctx, manifestPath(to))
	if there && !t.thorough {
		return nil
	}
	return t.bringChild(ctx, d, there, depth)
}

// bringChild copies the parts of a child and, unless it is there, the child.
func (t *transfer) bringChild(ctx context.Context, d descriptor, there bool, depth int) error {
	to := t.to.withDigest(d.Digest)
	m, err := (*manifest)(nil), error(nil)
	if there { // the destination's own costs the source no pull
		m, err = t.read(ctx, to, d.MediaType)
	}
	if m == nil || err != nil {
		if m, err = t.read(ctx, t.from.withDigest(d.Digest), d.MediaType); err != nil {
			return err
		}
	}
	defer t.room.free(m)
	if err := t.parts(ctx, m, depth); err != nil {
		return err
	}
	if there {
		return nil
	}
	_, err = t.store(ctx, m, to)
	return err
}

// store stores a manifest. If the destination then misses what it said to have, or a foreign layer, that is sent; what
// was acknowledged and does not show yet is waited for.
func (t *transfer) store(ctx context.Context, m *manifest, to ref) (acknowledged bool, err error) {
	acknowledged, err = t.put(ctx, m, to)
	if err == nil || !partsMissing(err) {
		return acknowledged, err
	}
	sent, healing := t.partsAgain(ctx, m)
	if healing != nil {
		return false, healing
	}
	if !sent && len(m.Manifests) == 0 {
		return false, err
	}
	for n, start := 0, time.Now(); ; n++ {
		acknowledged, err = t.put(ctx, m, to)
		if err == nil || !partsMissing(err) || time.Since(start) >= t.c.cfg.Patience {
			return acknowledged, err
		}
		if err := t.c.looking().Pause(ctx, n); err != nil {
			return false, err
		}
	}
}

// partsMissing reports whether a refused manifest may refer to what the registry lacks. The codes of registries differ
// too much to tell more.
func partsMissing(err error) bool {
	switch status(err) {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusInternalServerError:
		kind, _ := KindOf(failure(ref{}, err))
		return kind != Immutable && kind != NoRepository && kind != Mismatch
	}
	return false
}

// partsAgain sends what a manifest refers to and the destination was only said to have, and foreign layers that the
// source has.
func (t *transfer) partsAgain(ctx context.Context, m *manifest) (sent bool, err error) {
	own, apart := m.split()
	for _, d := range own {
		if t.c.blobs.doubtful(t.to.host, t.to.repo, d.Digest) {
			if err := t.blobAgain(ctx, d); err != nil {
				return sent, err
			}
			sent = true
		}
	}
	for _, d := range apart {
		if t.c.blobs.doubtful(t.to.host, t.to.repo, d.Digest) && t.blobAgain(ctx, d) == nil {
			sent = true // else the registry's answer counts: it names the layer
		}
	}
	for _, child := range m.children() {
		if t.manifest.doubtful(child.Digest) {
			if err := t.bringChild(ctx, child, false, 1); err != nil {
				return sent, err
			}
			sent = true
		}
	}
	return sent, ctx.Err()
}

// put stores a manifest under a tag or its digest. The answer acknowledges it if it is a registry's.
func (t *transfer) put(ctx context.Context, m *manifest, to ref) (acknowledged bool, err error) {
	err = t.again(ctx, func() error {
		resp, err := t.c.do(ctx, call{
			method: http.MethodPut, ref: to, path: manifestPath(to), scopes: []string{pushScope(to)},
			header: http.Header{"Content-Type": {m.Descriptor.MediaType}}, body: bytesBody(m.raw),
			want: []int{http.StatusCreated, http.StatusOK, http.StatusAccepted},
		})
		if err != nil {
			return err
		}
		_ = resp.Body.Close() // in memory
		acknowledged = resp.StatusCode == http.StatusCreated || resp.Header.Get("Docker-Content-Digest") == m.Digest
		return nil
	})
	if err == nil {
		t.count.puts.Add(1)
		t.manifest.stored(m.Digest)
	}
	return acknowledged, err
}
