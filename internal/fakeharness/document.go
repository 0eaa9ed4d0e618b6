package fakeharness

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// images maps a field to an image.
type images map[string]string

// document is what one account stores for one module: infra -> field -> image.
// A document in the store is never changed in place, so a reader may keep it.
type document map[string]images

// clone returns a copy that can be changed.
func (d document) clone() document {
	out := make(document, len(d))
	for infra, fields := range d {
		out[infra] = maps.Clone(fields)
	}
	return out
}

// set changes one field of d; nil removes it. A blank image is stored like any other.
func (d document) set(infra, field string, image *string) {
	if image == nil {
		delete(d[infra], field)
		return
	}
	if d[infra] == nil {
		d[infra] = images{}
	}
	d[infra][field] = *image
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }

// store has every account's documents, and the defaults that all accounts share. Its lock covers single
// loads and saves only: between the two, as on the real server, nothing keeps another write out.
type store struct {
	mu       sync.Mutex
	accounts map[string]map[string][]version // account -> module -> what was saved, oldest first
	defaults map[string]images               // scope -> images
	fields   map[string]map[string]bool      // scope -> the fields that can be set
}

// version is a document as saved at a time.
type version struct {
	at  time.Time
	doc document
}

func newStore(opts Options) *store {
	defaults, more := builtinDefaults()
	s := &store{accounts: map[string]map[string][]version{}, defaults: defaults, fields: map[string]map[string]bool{}}
	if opts.ForeignFields {
		maps.Copy(s.defaults["ci/K8"], more)
		maps.Copy(s.defaults["ci/VM"], more)
	}
	if opts.ECS {
		s.defaults["ci/ECS"] = maps.Clone(s.defaults["ci/K8"])
	}
	for scope, listed := range s.defaults {
		s.fields[scope] = map[string]bool{}
		for field := range listed {
			s.fields[scope][field] = true
		}
	}
	// The server lists this one but has no way to set it.
	delete(s.fields["ci/VM"], "slsaVerificationTag")
	s.addAccount(opts.AccountID)
	return s
}

func (s *store) locked(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

func (s *store) addAccount(id string) {
	s.locked(func() {
		if s.accounts[id] == nil {
			s.accounts[id] = map[string][]version{}
		}
	})
}

func (s *store) hasAccount(id string) (has bool) {
	s.locked(func() { has = s.accounts[id] != nil })
	return has
}

// documents returns an account's documents; the caller holds the lock. It panics on an
// unknown account, which is a mistake in a test: the API refuses one before it comes here.
func (s *store) documents(account string) map[string][]version {
	out, ok := s.accounts[account]
	if !ok {
		panic(fmt.Sprintf("fakeharness: no account %q", account))
	}
	return out
}

func (s *store) load(account, module string) document { return s.loadBehind(account, module, 0) }

// loadBehind returns the document as it was that long ago. The time is taken under the lock: what an
// earlier save replaced may be forgotten.
func (s *store) loadBehind(account, module string, lag time.Duration) document {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := time.Now().Add(-lag)
	for _, v := range slices.Backward(s.documents(account)[module]) {
		if !v.at.After(at) {
			return v.doc
		}
	}
	return nil
}

// save saves a document, and forgets those that were replaced longer ago than behind.
func (s *store) save(account, module string, doc document, behind time.Duration) {
	s.locked(func() { s.append(account, module, doc, behind) })
}

// append is save; s.mu must be held.
func (s *store) append(account, module string, doc document, behind time.Duration) {
	documents, now := s.documents(account), time.Now()
	versions := append(documents[module], version{now, doc})
	for len(versions) > 1 && !versions[1].at.After(now.Add(-behind)) {
		versions = versions[1:]
	}
	if behind == 0 {
		versions[0].at = time.Time{} // shown at once, even if reads begin to lag now
	}
	documents[module] = versions
}

// change sets one field in one step, unlike a write of the API.
func (s *store) change(account, scope, field string, image *string, behind time.Duration) {
	module, infra := mustScope(scope)
	s.mu.Lock()
	defer s.mu.Unlock()
	versions, doc := s.documents(account)[module], document{}
	if n := len(versions); n > 0 {
		doc = versions[n-1].doc.clone()
	}
	doc.set(infra, field, image)
	s.append(account, module, doc, behind)
}

// overrides returns what was stored for a scope that long ago.
func (s *store) overrides(account, scope string, lag time.Duration) images {
	module, infra := mustScope(scope)
	out := maps.Clone(s.loadBehind(account, module, lag)[infra])
	if out == nil {
		out = images{}
	}
	return out
}

func (s *store) defaultsOf(scope string) (defaults images) {
	mustScope(scope)
	s.locked(func() { defaults = maps.Clone(s.defaults[scope]) })
	return defaults
}

func (s *store) setDefault(scope, field, image string) {
	mustScope(scope)
	s.locked(func() {
		if image == "" {
			delete(s.defaults[scope], field)
			delete(s.fields[scope], field)
			return
		}
		if _, known := s.defaults[scope][field]; !known {
			s.fields[scope][field] = true
		}
		s.defaults[scope][field] = image
	})
}

func (s *store) setSettable(scope, field string, settable bool) {
	mustScope(scope)
	s.locked(func() { s.fields[scope][field] = settable })
}

func (s *store) settable(scope string) (fields []string) {
	mustScope(scope)
	s.locked(func() {
		for field, settable := range s.fields[scope] {
			if settable {
				fields = append(fields, field)
			}
		}
	})
	slices.Sort(fields)
	return fields
}

// takes reports whether a field may be set.
func (s *store) takes(scope, field string) (takes bool) {
	s.locked(func() { takes = s.fields[scope][field] })
	return takes
}

// lists reports whether a field that may be set, or was stored from outside, shows in answers.
func (s *store) lists(scope, field string) (lists bool) {
	s.locked(func() {
		_, known := s.defaults[scope][field]
		lists = known || !s.fields[scope][field]
	})
	return lists
}

// mustScope splits "ci/K8"; "dbops" has no infra. It panics on anything else, which is a mistake in a test.
func mustScope(scope string) (module, infra string) {
	if scope == dbops {
		return dbops, ""
	}
	module, infra, ok := strings.Cut(scope, "/")
	if !ok || modulePaths[module] == "" || !isInfra(infra) {
		panic(fmt.Sprintf("fakeharness: %q is not a scope such as ci/K8", scope))
	}
	return module, infra
}

func isInfra(infra string) bool { return infra == "K8" || infra == "VM" || infra == "ECS" }
