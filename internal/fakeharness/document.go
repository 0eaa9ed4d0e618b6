package fakeharness

import (
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"sync"
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

// set changes one field of d; a blank image counts as not set, so it removes the field.
func (d document) set(infra, field, image string) {
	if isBlank(image) {
		delete(d[infra], field)
		return
	}
	if d[infra] == nil {
		d[infra] = images{}
	}
	d[infra][field] = image
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }

// store holds every account's documents, and the defaults that all accounts share.
// Its lock covers single loads and saves only: between the two, as on the real
// server, nothing keeps another write out.
type store struct {
	mu       sync.Mutex
	accounts map[string]map[string]document // account -> module -> document
	defaults map[string]images              // scope -> images
}

func newStore(account string) *store {
	s := &store{accounts: map[string]map[string]document{}, defaults: builtinDefaults()}
	s.addAccount(account)
	return s
}

func (s *store) addAccount(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts[id] == nil {
		s.accounts[id] = map[string]document{}
	}
}

func (s *store) hasAccount(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accounts[id] != nil
}

// documents returns an account's documents; the caller holds the lock. It panics on an
// unknown account, which is a mistake in a test: the API refuses one before it comes here.
func (s *store) documents(account string) map[string]document {
	out, ok := s.accounts[account]
	if !ok {
		panic(fmt.Sprintf("fakeharness: no account %q", account))
	}
	return out
}

func (s *store) load(account, module string) document {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.documents(account)[module]
}

func (s *store) save(account, module string, doc document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.documents(account)[module] = doc
}

// change sets one field in one step, which no write of the API does.
func (s *store) change(account, scope, field, image string) {
	module, infra := mustScope(scope)
	s.mu.Lock()
	defer s.mu.Unlock()
	documents := s.documents(account)
	doc := documents[module].clone()
	doc.set(infra, field, image)
	documents[module] = doc
}

func (s *store) overrides(account, scope string) images {
	module, infra := mustScope(scope)
	out := maps.Clone(s.load(account, module)[infra])
	if out == nil {
		out = images{}
	}
	return out
}

func (s *store) defaultsOf(scope string) images {
	mustScope(scope)
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.defaults[scope])
}

func (s *store) setDefault(scope, field, image string) {
	mustScope(scope)
	s.mu.Lock()
	defer s.mu.Unlock()
	if image == "" {
		delete(s.defaults[scope], field)
		return
	}
	s.defaults[scope][field] = image
}

// mustScope splits "ci/K8". It panics on anything else, which is a mistake in a test.
func mustScope(scope string) (module, infra string) {
	module, infra, ok := strings.Cut(scope, "/")
	if !ok || modulePaths[module] == "" || !isInfra(infra) {
		panic(fmt.Sprintf("fakeharness: %q is no scope such as ci/K8", scope))
	}
	return module, infra
}

func isInfra(infra string) bool { return infra == "K8" || infra == "VM" }

// supportedReleases is how many minors before the default one are still supported.
const supportedReleases = 2

// deprecated returns the overrides of K8's harness/ci-* images that are out of support.
func deprecated(overrides, defaults images) images {
	out := images{}
	for field, image := range overrides {
		current := defaults[field]
		if !strings.HasPrefix(current, "harness/ci-") {
			continue
		}
		major, minor, ok := release(image)
		latestMajor, latestMinor, latestOK := release(current)
		if !ok || !latestOK {
			continue
		}
		if major < latestMajor || major == latestMajor && latestMinor-minor > supportedReleases {
			out[field] = image
		}
	}
	return out
}

var versionInTag = regexp.MustCompile(`(\d+)\.(\d+)\.\d+`)

// release finds the major and minor in the tag of an image.
func release(image string) (major, minor int, ok bool) {
	tag := image[strings.LastIndex(image, ":")+1:]
	found := versionInTag.FindStringSubmatch(tag)
	if found == nil {
		return 0, 0, false
	}
	major, errMajor := strconv.Atoi(found[1])
	minor, errMinor := strconv.Atoi(found[2])
	return major, minor, errMajor == nil && errMinor == nil
}
