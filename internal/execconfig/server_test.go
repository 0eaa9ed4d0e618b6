package execconfig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
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

// server is fakeharness on the clock of a synctest bubble, reached through a client without a network in
// between. Its fields are set before the first request.
type server struct {
	*fakeharness.Server
	client *harness.Client
	// latency is that of the fake. slow puts all of it between a write's read and its save, and after a read's sample.
	latency, readLatency time.Duration
	slow                 bool
	// If stale returns true for the number of a read, it shows the document as it was lag ago.
	lag   time.Duration
	stale func(read int) bool
	fault func(call) verdict

	mu    sync.Mutex
	reads int
	calls []call
}

func newServer(latency time.Duration) *server {
	s := &server{latency: latency, Server: fakeharness.New(fakeharness.Options{Latency: latency, BadFieldStatus: http.StatusBadRequest})}
	for _, scope := range []harness.Scope{k8, vm} {
		s.setDefaults(scope, nil)
		for i := range 30 {
			s.SetDefault(scope.String(), fieldName(i), "default:1")
		}
	}
	s.client = harness.New(harness.Config{
		Endpoint: &url.URL{Scheme: "http", Host: "fake", Path: "/gateway"}, AccountID: s.Options().AccountID, APIKey: s.Options().APIKey,
		RequestTimeout: time.Hour, Transport: s,
	})
	return s
}

// setDefaults replaces the defaults of a module and infra.
func (s *server) setDefaults(scope harness.Scope, defaults map[string]string) {
	for field := range s.Defaults(scope.String()) {
		s.SetDefault(scope.String(), field, "")
	}
	for field, image := range defaults {
		s.SetDefault(scope.String(), field, image)
	}
}

func fieldName(i int) string { return fmt.Sprintf("field%02d", i) }

// RoundTrip lets the fake answer a request; it goes on even if its client leaves.
func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	answers, arrived := make(chan *http.Response, 1), r.Clone(r.Context())
	if arrived.Body == nil {
		arrived.Body = http.NoBody
	}
	go func() {
		defer close(answers)
		defer func() {
			gone := recover()
			if err, _ := gone.(error); gone != nil && !errors.Is(err, http.ErrAbortHandler) {
				panic(gone)
			}
		}()
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, arrived)
		answers <- answer.Result()
	}()
	select {
	case answer, ok := <-answers:
		if !ok {
			return nil, io.ErrUnexpectedEOF
		}
		return answer, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// enter logs a call and returns what happens to it.
func (s *server) enter(c call) (v verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
	if s.fault != nil {
		v = s.fault(c)
	}
	s.Tune(func(o *fakeharness.Options) {
		// Kept for as long as a read may lag. A slow server takes its time in one place.
		if o.ReplicaLag, o.ReplicaEvery = s.lag, 1<<62; s.slow {
			o.Latency = 0
		}
	})
	fault := fakeharness.Fault{Call: map[string]string{"update": "update-config", "reset": "reset-config", "overrides": "get-customer-config"}[c.name]}
	fault.Scope = c.scope.String()
	switch {
	case fault.Call == "":
		return v
	case c.name == "overrides":
		if s.reads++; s.stale == nil || !s.stale(s.reads) {
			return v
		}
		fault.Behind = s.lag
	case v.late > 0:
		fault.SaveLate = v.late
	case s.slow:
		fault.Lie, fault.BeforeSave = v.lie, func(fakeharness.Request) { time.Sleep(s.latency) }
	case v.lie:
		fault.Lie = true
	default:
		return v
	}
	if v.err == nil || v.stored || v.late > 0 {
		s.Inject(fault)
	}
	return v
}

func (s *server) count(names ...string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if slices.Contains(names, c.name) {
			n++
		}
	}
	return n
}

func (s *server) overrides(scope harness.Scope) map[string]string { return s.Overrides(scope.String()) }

// outside changes the document as another client would, in no time; "" resets.
func (s *server) outside(scope harness.Scope, field, value string) {
	s.Tune(func(o *fakeharness.Options) { o.ReplicaLag, o.ReplicaEvery = s.lag, 1<<62 })
	if value == "" {
		s.RemoveOverride(scope.String(), field)
		return
	}
	s.SetOverride(scope.String(), field, value)
}

func (s *server) DefaultImages(ctx context.Context, scope harness.Scope) (map[string]string, error) {
	return s.read(ctx, call{name: "defaults", scope: scope}, func() (map[string]string, error) { return s.client.DefaultImages(ctx, scope) })
}

func (s *server) CustomerImages(ctx context.Context, scope harness.Scope, overridesOnly bool) (map[string]string, error) {
	name := map[bool]string{true: "overrides", false: "merged"}[overridesOnly]
	return s.read(ctx, call{name: name, scope: scope}, func() (map[string]string, error) {
		return s.client.CustomerImages(ctx, scope, overridesOnly)
	})
}

func (s *server) read(ctx context.Context, c call, ask func() (map[string]string, error)) (map[string]string, error) {
	v := s.enter(c)
	if v.hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if v.err != nil {
		return nil, errors.Join(pause(ctx, orElse(s.readLatency, s.latency)), v.err)
	}
	images, err := ask()
	if s.slow && err == nil {
		err = pause(ctx, orElse(s.readLatency, s.latency))
	}
	return images, err
}

func (s *server) UpdateImages(ctx context.Context, scope harness.Scope, images map[string]string) error {
	return s.write(ctx, call{"update", scope, images}, func(ctx context.Context) error { return s.client.UpdateImages(ctx, scope, images) })
}

func (s *server) ResetImages(ctx context.Context, scope harness.Scope, fields []string) error {
	named := map[string]string{}
	for _, field := range fields {
		named[field] = ""
	}
	return s.write(ctx, call{"reset", scope, named}, func(ctx context.Context) error { return s.client.ResetImages(ctx, scope, fields) })
}

// write makes attempts, and reports them as a harness.Client does.
func (s *server) write(ctx context.Context, c call, send func(context.Context) error) error {
	for uncertain := false; ; {
		start, v := time.Now(), s.enter(c)
		err := s.attempt(ctx, v, send)
		if v.err == nil && !v.hang {
			return err
		}
		e, ok := errors.AsType[*harness.Error](err)
		harness.NoteAttempt(ctx, harness.Attempt{
			Took:        time.Since(start),
			MayStillAct: !ok || e.Uncertain && (e.Status == 0 || e.Status == http.StatusGatewayTimeout),
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

func (s *server) attempt(ctx context.Context, v verdict, send func(context.Context) error) error {
	unnoted := harness.WithAttempts(ctx, func(harness.Attempt) {})
	switch {
	case v.hang:
		<-ctx.Done()
		return ctx.Err()
	case v.err == nil:
		return send(ctx)
	case v.late > 0 || v.stored:
		if err := send(unnoted); err != nil {
			return err
		}
		return v.err
	}
	if err := pause(ctx, s.latency); err != nil {
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
