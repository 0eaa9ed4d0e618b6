package registry

import (
	"context"
	"slices"
	"sync"
)

// blobTable records which repositories of a registry have a blob, and which are getting it, so that each
// blob is sent to a registry once and mounted from there.
type blobTable struct {
	mu sync.Mutex
	m  map[string]*place // by host and digest
}

type place struct {
	at   []string                 // repositories that have it, in the order in which they got it
	sent []string                 // those to which it was sent, whatever they say of others
	busy map[string]chan struct{} // who is getting it: a repository, or "" for the registry's first
}

// claim returns once the blob is in the repository (have), or with the right to bring it there: then from
// is a repository to mount it from, "" for none, and done records whether it has arrived.
func (t *blobTable) claim(ctx context.Context, host, repo, digest string) (from string, have bool, done func(arrived, sent bool), err error) {
	for {
		t.mu.Lock()
		p := t.place(host + " " + digest)
		if slices.Contains(p.at, repo) {
			t.mu.Unlock()
			return "", true, nil, nil
		}
		who := ""
		if len(p.at) > 0 {
			who, from = repo, p.at[0]
		}
		wait := p.busy[who]
		if wait == nil {
			p.busy[who] = make(chan struct{})
			t.mu.Unlock()
			return from, false, func(arrived, sent bool) { t.end(p, who, repo, arrived, sent) }, nil
		}
		t.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return "", false, nil, ctx.Err()
		}
	}
}

func (t *blobTable) end(p *place, who, repo string, arrived, sent bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(p.busy[who])
	delete(p.busy, who)
	if arrived && !slices.Contains(p.at, repo) {
		p.at = append(p.at, repo)
	}
	if arrived && sent {
		p.sent = append(p.sent, repo)
	}
}

// doubtful reports whether a repository only said that it has a blob, which was not sent to it. From then on it counts
// as sent.
func (t *blobTable) doubtful(host, repo, digest string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.place(host + " " + digest)
	if slices.Contains(p.sent, repo) {
		return false
	}
	p.sent = append(p.sent, repo)
	return true
}

// place returns the entry of a key. The lock is held.
func (t *blobTable) place(key string) *place {
	p := t.m[key]
	if p == nil {
		if t.m == nil {
			t.m = map[string]*place{}
		}
		p = &place{busy: map[string]chan struct{}{}}
		t.m[key] = p
	}
	return p
}
