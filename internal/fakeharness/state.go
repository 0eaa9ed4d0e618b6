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
type images = map[string]string

// document is what one account stores for one module: infra -> field -> image. A saved document is never
// changed, so a reader may keep it.
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

// version is a document as saved at a time.
type version struct {
	at  time.Time
	doc document
}

// state is what the server holds. Its lock covers single steps only: between the read and the save of a
// write, as on the real server, nothing keeps another write out.
type state struct {
	mu         sync.Mutex
	opts       Options
	accounts   map[string]map[string][]version // account -> module -> what was saved, oldest first
	defaults   map[string]images               // scope -> images
	settable   map[string]map[string]bool      // scope -> fields that are not settable though listed, or the reverse
	reads      int                             // of customer configs, for Options.ReplicaEvery
	calls      map[string][]time.Time          // of each credential, in the minute that ends now
	inFlight   map[string]int                  // writes of each account
	most       int                             // of inFlight
	connectors connectorState
}

func newState(opts Options) state {
	defaults, more := builtinDefaults()
	if opts.ForeignFields {
		maps.Copy(defaults["ci/K8"], more)
		maps.Copy(defaults["ci/VM"], more)
	}
	if opts.ECS {
		defaults["ci/ECS"] = maps.Clone(defaults["ci/K8"])
	}
	return state{
		opts: opts, accounts: map[string]map[string][]version{opts.AccountID: {}}, defaults: defaults,
		// The server lists this one but has no way to set it.
		settable: map[string]map[string]bool{"ci/VM": {"slsaVerificationTag": false}},
		calls:    map[string][]time.Time{}, inFlight: map[string]int{},
		connectors: connectorState{accounts: map[string]map[string]connector{}, secrets: map[string]bool{}},
	}
}

// locked calls a function that may read and change what the server holds.
func (s *state) locked(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// Options returns the options, with defaults filled in.
func (s *state) Options() (opts Options) {
	s.locked(func() { opts = s.opts })
	return opts
}

// Tune changes the options of the running server, from the next request on.
func (s *state) Tune(change func(*Options)) { s.locked(func() { change(&s.opts) }) }

// AddAccount adds an account with the same credentials. One that exists stays as it is.
func (s *state) AddAccount(id string) {
	s.locked(func() {
		if s.accounts[id] == nil {
			s.accounts[id] = map[string][]version{}
		}
	})
}

func (s *state) hasAccount(id string) (has bool) {
	s.locked(func() { has = s.accounts[id] != nil })
	return has
}

// documents returns an account's documents; the caller holds the lock. It panics on an
// unknown account, which is a mistake in a test: the API refuses one before it comes here.
func (s *state) documents(account string) map[string][]version {
	out, ok := s.accounts[account]
	if !ok {
		panic(fmt.Sprintf("fakeharness: no account %q", account))
	}
	return out
}

// load returns a document as it was that long ago. The caller holds the lock: what an earlier save replaced
// may be forgotten.
func (s *state) load(account, module string, lag time.Duration) document {
	at := time.Now().Add(-lag)
	for _, v := range slices.Backward(s.documents(account)[module]) {
		if !v.at.After(at) {
			return v.doc
		}
	}
	return nil
}

// save saves a document, and forgets those that no read shows any more. The caller holds the lock.
func (s *state) save(account, module string, doc document) {
	documents, now := s.documents(account), time.Now()
	versions := append(documents[module], version{now, doc})
	for len(versions) > 1 && !versions[1].at.After(now.Add(-s.opts.ReplicaLag)) {
		versions = versions[1:]
	}
	if s.opts.ReplicaLag == 0 {
		versions[0].at = time.Time{} // shown at once, even if reads begin to lag now
	}
	documents[module] = versions
}

// overrides returns what an account stored for a scope that long ago.
func (s *state) overrides(account, scope string, lag time.Duration) images {
	module, infra := mustScope(scope)
	out := images{}
	s.locked(func() { maps.Copy(out, s.load(account, module, lag)[infra]) })
	return out
}

// Overrides returns what the account of Options stores for the scope, whether or not the
// API would list it. The map is the caller's.
func (s *state) Overrides(scope string) map[string]string {
	return s.OverridesOf(s.Options().AccountID, scope)
}

// OverridesOf is Overrides for any account.
func (s *state) OverridesOf(account, scope string) map[string]string {
	return s.overrides(account, scope, 0)
}

// SetOverride stores an override as if someone else had: in one step, and without a trace in the request
// log. The field need not exist.
func (s *state) SetOverride(scope, field, value string) { s.change(scope, field, &value) }

// RemoveOverride removes an override in the same way.
func (s *state) RemoveOverride(scope, field string) { s.change(scope, field, nil) }

func (s *state) change(scope, field string, image *string) {
	module, infra := mustScope(scope)
	s.locked(func() {
		doc := s.load(s.opts.AccountID, module, 0).clone()
		doc.set(infra, field, image)
		s.save(s.opts.AccountID, module, doc)
	})
}

// Scopes returns every scope, sorted: "ci/K8", …, and "dbops", which has no infra.
func Scopes() []string {
	defaults, _ := builtinDefaults()
	return slices.Sorted(maps.Keys(defaults))
}

// Defaults returns the default images of the scope. The map is the caller's.
func (s *state) Defaults(scope string) (defaults map[string]string) {
	mustScope(scope)
	s.locked(func() { defaults = maps.Clone(s.defaults[scope]) })
	return defaults
}

// SetDefault changes a default image for all accounts. It can add a field; value "" removes one.
func (s *state) SetDefault(scope, field, value string) {
	mustScope(scope)
	s.locked(func() {
		if s.defaults[scope][field] = value; value == "" {
			delete(s.defaults[scope], field)
			delete(s.settable[scope], field)
		}
	})
}

// SetSettable says whether a field may be set. One that may be, but is in no defaults, is never listed.
func (s *state) SetSettable(scope, field string, settable bool) {
	mustScope(scope)
	s.locked(func() {
		if s.settable[scope] == nil {
			s.settable[scope] = map[string]bool{}
		}
		s.settable[scope][field] = settable
	})
}

// Settable returns the fields of the scope that may be set, sorted; the defaults may list others.
func (s *state) Settable(scope string) []string {
	fields := s.Defaults(scope)
	s.locked(func() {
		for field := range s.settable[scope] {
			fields[field] = ""
		}
	})
	maps.DeleteFunc(fields, func(field, _ string) bool { return !s.takes(scope, field) })
	return slices.Sorted(maps.Keys(fields))
}

// takes reports whether a field may be set.
func (s *state) takes(scope, field string) (takes bool) {
	s.locked(func() {
		_, listed := s.defaults[scope][field]
		settable, told := s.settable[scope][field]
		takes = settable || listed && !told
	})
	return takes
}

// allow reports whether the credential has one of its calls per minute left, and takes it.
func (s *state) allow(credential string) (allowed bool) {
	s.locked(func() {
		now := time.Now()
		recent := slices.DeleteFunc(s.calls[credential], func(at time.Time) bool { return now.Sub(at) >= time.Minute })
		if allowed = s.opts.RateLimit <= 0 || len(recent) < s.opts.RateLimit; allowed {
			recent = append(recent, now)
		}
		s.calls[credential] = recent
	})
	return allowed
}

// countWrite counts the writes of an account that are in flight: one more, or one less.
func (s *state) countWrite(account string, more int) {
	s.locked(func() {
		s.inFlight[account] += more
		s.most = max(s.most, s.inFlight[account])
	})
}

// MaxWritesInFlight returns the highest number of writes that were ever under way at once
// for one account, counted from arrival to answer over all modules and infras. A write
// whose client gave up counts until it has ended, as on a real server.
func (s *state) MaxWritesInFlight() (most int) {
	s.locked(func() { most = s.most })
	return most
}

// mustScope splits "ci/K8"; "dbops" has no infra. It panics on anything else, which is a mistake in a test.
func mustScope(scope string) (module, infra string) {
	module, infra, _ = strings.Cut(scope, "/")
	if scope != dbops && (modulePaths[module] == "" || !isInfra(infra)) {
		panic(fmt.Sprintf("fakeharness: %q is not a scope such as ci/K8", scope))
	}
	return module, infra
}

func isInfra(infra string) bool { return infra == "K8" || infra == "VM" || infra == "ECS" }
