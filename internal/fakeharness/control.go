package fakeharness

import (
	"maps"
	"slices"
)

// Overrides returns what the account of Options stores for the scope, whether or not the
// API would list it. The map is the caller's.
func (s *Server) Overrides(scope string) map[string]string {
	return s.OverridesOf(s.Options().AccountID, scope)
}

// OverridesOf is Overrides for any account.
func (s *Server) OverridesOf(account, scope string) map[string]string {
	return s.store.overrides(account, scope, 0)
}

// Scopes returns every scope, sorted: "ci/K8", …, and "dbops", which has no infra.
func Scopes() []string {
	defaults, _ := builtinDefaults()
	return slices.Sorted(maps.Keys(defaults))
}

// Defaults returns the default images of the scope. The map is the caller's.
func (s *Server) Defaults(scope string) map[string]string { return s.store.defaultsOf(scope) }

// SetOverride stores an override as if someone else had: in one step, and without a trace in the request
// log. The field need not exist.
func (s *Server) SetOverride(scope, field, value string) {
	opts := s.Options()
	s.store.change(opts.AccountID, scope, field, &value, opts.ReplicaLag)
}

// RemoveOverride removes an override in the same way.
func (s *Server) RemoveOverride(scope, field string) {
	opts := s.Options()
	s.store.change(opts.AccountID, scope, field, nil, opts.ReplicaLag)
}

// SetDefault changes a default image for all accounts. It can add a field; value "" removes one.
func (s *Server) SetDefault(scope, field, value string) { s.store.setDefault(scope, field, value) }

// Settable returns the fields of the scope that may be set, sorted; the defaults may list others.
func (s *Server) Settable(scope string) []string { return s.store.settable(scope) }

// SetSettable says whether a field may be set. One that may be, but is in no defaults, is never listed.
func (s *Server) SetSettable(scope, field string, settable bool) {
	s.store.setSettable(scope, field, settable)
}

// Tune changes the options of the running server, from the next request on.
func (s *Server) Tune(change func(*Options)) {
	s.tuning.Lock()
	defer s.tuning.Unlock()
	change(&s.opts)
}

// AddAccount adds an account with the same credentials. One that exists stays as it is.
func (s *Server) AddAccount(id string) { s.store.addAccount(id) }

// Count returns the number of logged requests of a call: "writes" is update-config and
// reset-config together, "" is every request.
func (s *Server) Count(call string) int {
	n := 0
	for _, r := range s.Requests() {
		if matchesCall(r.Call, call) {
			n++
		}
	}
	return n
}

// MaxWritesInFlight returns the highest number of writes that were ever under way at once
// for one account, counted from arrival to answer over all modules and infras. A write
// whose client gave up counts until it has ended, as on a real server.
func (s *Server) MaxWritesInFlight() int {
	s.writes.mu.Lock()
	defer s.writes.mu.Unlock()
	return s.writes.most
}

// Inject adds a fault after the existing ones.
func (s *Server) Inject(f Fault) { s.Add(f, f.Times, f.After) }
