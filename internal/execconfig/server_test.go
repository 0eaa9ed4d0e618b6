package execconfig

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

var (
	k8 = harness.Scope{Module: harness.CI, Infra: harness.K8}
	vm = harness.Scope{Module: harness.CI, Infra: harness.VM}
)

// call is the part of a request that a fault hook sees.
type call struct {
	name   string
	scope  harness.Scope
	fields map[string]string
}

// verdict is what a fault hook does to a request.
type verdict struct {
	lie bool  // acknowledge and store nothing
	err error // answer this, after storing where stored is set
	// stored applies the write before err is answered.
	stored bool
	hang   bool // no answer until the client goes away
	// late: err is answered at once, and the document read then is saved this much later.
	late time.Duration
	// retried: the client sends the request again at once, as it does where err may pass.
	retried bool
}

// server is the API's document semantics in memory, on the clock of a synctest bubble: one
// document per account, read, changed and saved whole, the middle half of the latency apart.
type server struct {
	latency time.Duration
	// slow puts the whole latency between a write's read and its save, and reads sample at once.
	slow         bool
	hideDefaults bool
	// readLatency is that of reads, if it differs.
	readLatency time.Duration
	// If stale returns true for the number of a read, it shows the document as it was lag ago.
	lag   time.Duration
	stale func(read int) bool
	// unlisted fields are accepted and never listed.
	unlisted map[string]bool
	// aliases are names under which a field is stored as another.
	aliases map[string]string
	// respell is how the server spells an image; nil: as it was sent.
	respell func(image string) string
	// refuse is how a field is refused; nil: as 400.
	refuse func(field string) error
	fault  func(call) verdict

	mu       sync.Mutex
	document map[Target]string
	past     []version
	reads    int
	defaults map[harness.Scope]map[string]string
	calls    []call
	inFlight int
	maxWrite int
}

// version is a document that has been replaced.
type version struct {
	until    time.Time
	document map[Target]string
}

// save replaces the document; s.mu must be held.
func (s *server) save(document map[Target]string) {
	s.past = append(s.past, version{time.Now(), s.document})
	s.document = document
}

// seen is the document that a read shows; s.mu must be held.
func (s *server) seen() map[Target]string {
	s.reads++
	if s.stale == nil || !s.stale(s.reads) {
		return s.document
	}
	for _, old := range s.past {
		if old.until.After(time.Now().Add(-s.lag)) {
			return old.document
		}
	}
	return s.document
}

func newServer(latency time.Duration) *server {
	defaults := map[harness.Scope]map[string]string{k8: {}, vm: {}}
	for i := range 30 {
		defaults[k8][fieldName(i)] = "default:1"
		defaults[vm][fieldName(i)] = "default:1"
	}
	return &server{latency: latency, document: map[Target]string{}, defaults: defaults}
}

func fieldName(i int) string { return fmt.Sprintf("field%02d", i) }

func (s *server) enter(c call) verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
	if s.fault == nil {
		return verdict{}
	}
	return s.fault(c)
}

func (s *server) count(names ...string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		for _, name := range names {
			if c.name == name {
				n++
			}
		}
	}
	return n
}

func (s *server) overrides(scope harness.Scope) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]string{}
	for target, value := range s.document {
		if target.Scope == scope {
			out[target.Field] = value
		}
	}
	return out
}

// outside changes the document as another client would, in no time; "" resets.
func (s *server) outside(scope harness.Scope, field, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	document := maps.Clone(s.document)
	if document[Target{Scope: scope, Field: field}] = value; value == "" {
		delete(document, Target{Scope: scope, Field: field})
	}
	s.save(document)
}

func (s *server) DefaultImages(ctx context.Context, scope harness.Scope) (map[string]string, error) {
	return s.read(ctx, call{name: "defaults", scope: scope}, func() map[string]string { return s.defaults[scope] })
}

func (s *server) CustomerImages(ctx context.Context, scope harness.Scope, overridesOnly bool) (map[string]string, error) {
	name := "merged"
	if overridesOnly {
		name = "overrides"
	}
	return s.read(ctx, call{name: name, scope: scope}, func() map[string]string {
		out := map[string]string{}
		if !overridesOnly {
			maps.Copy(out, s.defaults[scope])
		}
		for target, value := range s.seen() {
			if target.Scope == scope && !s.unlisted[target.Field] && (!s.hideDefaults || value != s.defaults[scope][target.Field]) {
				out[target.Field] = value
			}
		}
		return out
	})
}

func (s *server) read(ctx context.Context, c call, sample func() map[string]string) (map[string]string, error) {
	v := s.enter(c)
	if v.hang {
		<-ctx.Done()
	}
	latency := orElse(s.readLatency, s.latency)
	before := latency / 2
	if s.slow {
		before = 0
	}
	if err := pause(ctx, before); err != nil {
		return nil, err
	}
	s.mu.Lock()
	out := maps.Clone(sample())
	s.mu.Unlock()
	if err := pause(ctx, latency-before); err != nil {
		return nil, err
	}
	return out, v.err
}

func (s *server) UpdateImages(ctx context.Context, scope harness.Scope, images map[string]string) error {
	return s.write(ctx, call{"update", scope, maps.Clone(images)}, func(document map[Target]string) {
		for field, value := range images {
			if s.respell != nil {
				value = s.respell(value)
			}
			document[Target{Scope: scope, Field: orElse(s.aliases[field], field)}] = value
		}
	})
}

func (s *server) ResetImages(ctx context.Context, scope harness.Scope, fields []string) error {
	named := map[string]string{}
	for _, field := range fields {
		named[field] = ""
	}
	return s.write(ctx, call{"reset", scope, named}, func(document map[Target]string) {
		for _, field := range fields {
			delete(document, Target{Scope: scope, Field: field})
		}
	})
}

// write makes attempts, and reports them as a harness.Client does.
func (s *server) write(ctx context.Context, c call, change func(map[Target]string)) error {
	for uncertain := false; ; {
		start, v := time.Now(), s.enter(c)
		err := s.attempt(ctx, c, v, change)
		e, ok := errors.AsType[*harness.Error](err)
		harness.NoteAttempt(ctx, harness.Attempt{
			Took:        time.Since(start),
			MayStillAct: err != nil && (!ok || e.Uncertain && (e.Status == 0 || e.Status == http.StatusGatewayTimeout)),
		})
		if ok && uncertain && !e.Uncertain {
			all := *e
			all.Uncertain, err = true, &all
		}
		if !v.retried {
			return err
		}
		uncertain = uncertain || ok && e.Uncertain
	}
}

func (s *server) attempt(ctx context.Context, c call, v verdict, change func(map[Target]string)) error {
	s.mu.Lock()
	s.inFlight++
	s.maxWrite = max(s.maxWrite, s.inFlight)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.inFlight--
		s.mu.Unlock()
	}()
	if v.hang {
		<-ctx.Done()
	}
	outer, window := s.latency/4, s.latency/2
	if s.slow {
		outer, window = 0, s.latency
	}
	if err := pause(ctx, outer); err != nil {
		return err
	}
	for field := range c.fields {
		_, known := s.defaults[c.scope][field]
		switch {
		case known || s.unlisted[field] || s.aliases[field] != "":
		case s.refuse != nil:
			return s.refuse(field)
		default:
			return refused(field)
		}
	}
	if v.late > 0 {
		s.mu.Lock()
		document := maps.Clone(s.document)
		s.mu.Unlock()
		change(document)
		go func() {
			time.Sleep(v.late)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.save(document)
		}()
		return v.err
	}
	if !v.lie && (v.err == nil || v.stored) {
		s.mu.Lock()
		document := maps.Clone(s.document)
		s.mu.Unlock()
		time.Sleep(window) // on the bubble's clock: a server does not notice a lost client
		change(document)
		s.mu.Lock()
		s.save(document)
		s.mu.Unlock()
	}
	if err := pause(ctx, outer); err != nil {
		return err
	}
	return v.err
}

func refused(field string) error {
	return &harness.Error{Call: "update-config", Status: http.StatusBadRequest, Message: "Field " + field + " does not exist"}
}

// failedInside is how a server may refuse a field whose error nobody maps to an answer.
func failedInside(string) error {
	return &harness.Error{
		Call: "update-config", Status: http.StatusInternalServerError, Code: "UNKNOWN_ERROR", Uncertain: true,
		Message: "Oops, something went wrong on our end",
	}
}

// pause waits. A zero timer in a bubble crashes Go 1.26's runtime under the race detector.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(d):
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// newAccount returns an Account on s with production timing and a lock directory of its own.
func newAccount(tb testing.TB, s *server) *Account {
	tb.Helper()
	return New(s, "test", Options{LockDir: filepath.Join(tb.TempDir(), "locks")})
}

// forEach runs do for 0..n-1 with at most parallel under way at once, as Terraform does.
func forEach(n, parallel int, do func(i int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			do(i)
		})
	}
	wg.Wait()
}
