package fakeregistry

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// store is what the registry has.
type store struct {
	mu      sync.Mutex
	repos   map[string]*repository
	uploads map[string]*uploading
	used    int64 // bytes of blobs, once per repository
	next    int
}

type repository struct {
	tags      map[string]string // tag -> digest
	order     []string          // tags as they came
	manifests map[string]stored
	blobs     map[string][]byte
	late      map[string]*late // by tag or digest
}

// late is what reads show for a while.
type late struct {
	reads  int
	before string // digest; "" for none
}

// delay makes some reads of a tag or digest show what is there now.
func (r *repository) delay(reference string, reads int) {
	before := r.resolve(reference)
	if _, ok := r.manifests[before]; !ok {
		before = ""
	}
	r.late[reference] = &late{reads, before}
}

type stored struct {
	mediaType string
	content   []byte
}

type uploading struct {
	repo string
	data []byte
}

func newStore() *store {
	return &store{repos: map[string]*repository{}, uploads: map[string]*uploading{}}
}

// repo returns a repository, and creates it if it is missing. The lock is held.
func (s *store) repo(name string) *repository {
	r := s.repos[name]
	if r == nil {
		r = &repository{tags: map[string]string{}, manifests: map[string]stored{}, blobs: map[string][]byte{}, late: map[string]*late{}}
		s.repos[name] = r
	}
	return r
}

// resolve returns the digest that a tag or digest names, "" for none.
func (r *repository) resolve(reference string) string {
	if !strings.Contains(reference, ":") {
		return r.tags[reference]
	}
	return reference
}

func (r *repository) setTag(tag, digest string) {
	if _, ok := r.tags[tag]; !ok {
		r.order = append(r.order, tag)
	}
	r.tags[tag] = digest
}

func (r *repository) dropTag(tag string) {
	delete(r.tags, tag)
	r.order = slices.DeleteFunc(r.order, func(t string) bool { return t == tag })
}

// references are what a manifest refers to and a registry checks.
type references struct {
	MediaType string       `json:"mediaType"`
	Manifests []Descriptor `json:"manifests"`
	Config    *Descriptor  `json:"config"`
	Layers    []Descriptor `json:"layers"`
	Subject   *Descriptor  `json:"subject"`
}

// readReferences returns what a manifest refers to: nothing if it is no JSON.
func readReferences(manifest []byte) references {
	var refs references
	if json.Unmarshal(manifest, &refs) != nil {
		return references{}
	}
	return refs
}

// missing returns a digest that a manifest refers to and the repository lacks, "" for none.
func (r *repository) missing(manifest []byte, needsForeign bool) string {
	refs := readReferences(manifest)
	for _, child := range refs.Manifests {
		if _, ok := r.manifests[child.Digest]; !ok {
			return child.Digest
		}
	}
	if refs.Config != nil {
		refs.Layers = append(refs.Layers, *refs.Config)
	}
	for _, blob := range refs.Layers {
		if _, ok := r.blobs[blob.Digest]; !ok && (needsForeign || len(blob.URLs) == 0) {
			return blob.Digest
		}
	}
	return ""
}

// put stores content with all that it refers to.
func (r *repository) put(c Content) {
	for _, p := range c.parts() {
		if p.kind == "blobs" {
			r.blobs[Digest(p.content)] = p.content
		} else {
			r.manifests[Digest(p.content)] = stored{p.mediaType, p.content}
		}
	}
}

// Push stores content under name:tag, or without a tag only under its digest, and returns the digest. No
// request is made, and nothing is logged.
func (s *Server) Push(reference string, c Content) string {
	name, tag, _ := strings.Cut(reference, ":")
	s.in(name, func(r *repository) {
		if r.put(c); tag != "" {
			r.setTag(tag, c.Digest())
		}
	})
	return c.Digest()
}

// in calls a function that may read and change a repository, which is created if it is missing.
func (s *Server) in(name string, do func(*repository)) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	do(s.store.repo(name))
}

// Tag returns the digest under name:tag, "" for none.
func (s *Server) Tag(reference string) string {
	name, tag, _ := strings.Cut(reference, ":")
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	r := s.store.repos[name]
	if r == nil {
		return ""
	}
	return r.tags[tag]
}

// Untag removes name:tag.
func (s *Server) Untag(reference string) {
	name, tag, _ := strings.Cut(reference, ":")
	s.in(name, func(r *repository) { r.dropTag(tag) })
}

// Create makes an empty repository, which some registries ask for before a push.
func (s *Server) Create(name string) { s.in(name, func(*repository) {}) }

// Lose removes manifests or blobs of a repository, by digest, and leaves what refers to them.
func (s *Server) Lose(name string, digests ...string) {
	s.in(name, func(r *repository) {
		for _, digest := range digests {
			delete(r.manifests, digest)
			delete(r.blobs, digest)
		}
	})
}

// Lacks returns what a repository lacks of the content, or has with other bytes.
func (s *Server) Lacks(name string, c Content) (lacks []string) {
	s.in(name, func(r *repository) {
		lacks = c.lacks(func(p part, digest string) []byte {
			if p.kind == "blobs" {
				return r.blobs[digest]
			}
			return r.manifests[digest].content
		})
	})
	return lacks
}

// Half returns the tags under which something is missing: there must never be one.
func (s *Server) Half() []string {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	var half []string
	for name, r := range s.store.repos {
		for tag, digest := range r.tags {
			if !r.whole(digest) {
				half = append(half, name+":"+tag)
			}
		}
	}
	return half
}

func (r *repository) whole(digest string) bool {
	m, ok := r.manifests[digest]
	refs := readReferences(m.content)
	return ok && Digest(m.content) == digest && r.missing(m.content, false) == "" &&
		!slices.ContainsFunc(refs.Manifests, func(child Descriptor) bool { return !r.whole(child.Digest) }) &&
		!slices.ContainsFunc(refs.Layers, func(blob Descriptor) bool {
			return len(blob.URLs) == 0 && Digest(r.blobs[blob.Digest]) != blob.Digest
		})
}
