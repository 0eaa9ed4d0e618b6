// Package fakeharness is the Harness execution-config API in process, for tests and demos: an independent
// model of the server, which shares no code with the client.
//
// Scopes are strings such as "ci/K8": a module (ci, iacm, idp) and an infra (K8, VM), or "dbops".
package fakeharness

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options configure a Server. The zero value is usable. Tune changes them on a running one.
type Options struct {
	AccountID   string // default "test-account"
	APIKey      string // default "pat.test"
	BearerToken string // default "bearer.test"
	ReadOnlyKey string // a key that may view the account and not edit it; default "pat.readonly"
	// Latency is that of every answer. Its middle half is the window in which a write has read the document
	// but not yet saved it. A wait ends early if the client goes away, except in that window: a server does
	// not notice.
	Latency time.Duration
	// WriteLatency is that of the writes, if it differs.
	WriteLatency time.Duration
	// ReplicaLag is how far get-customer-config lags behind the saved document, as if read from a replica.
	// ReplicaEvery limits that to every nth read; 0 = all.
	ReplicaLag   time.Duration
	ReplicaEvery int
	// BadFieldStatus answers a write with a field that cannot be set: 500 (default), which comes
	// with UNKNOWN_ERROR and names nothing, or 400, which names the field.
	BadFieldStatus int
	// HideDefaults makes overridesOnly=true omit overrides equal to the current default.
	HideDefaults bool
	// RateLimit is the number of calls per minute and credential; 0 = none. Beyond it the
	// answer is 429 without Retry-After.
	RateLimit int
	// Catalog lists the repositories of the image list; default: those of all defaults.
	Catalog []string
	// CatalogPage is the longest page of the image list; default 100.
	CatalogPage int
	// DBOpsUnderGateway serves Database DevOps below the endpoint instead of at the host's root.
	DBOpsUnderGateway bool
	// NoConnector leaves accounts without the built-in image connector.
	NoConnector bool
	// OnAnswer, if set, is called with each request once its answer is ready.
	OnAnswer func(Request)
}

func (o Options) withDefaults() Options {
	o.AccountID = cmp.Or(o.AccountID, "test-account")
	o.APIKey = cmp.Or(o.APIKey, "pat.test")
	o.BearerToken = cmp.Or(o.BearerToken, "bearer.test")
	o.ReadOnlyKey = cmp.Or(o.ReadOnlyKey, "pat.readonly")
	o.CatalogPage = cmp.Or(o.CatalogPage, 100)
	o.BadFieldStatus = cmp.Or(o.BadFieldStatus, http.StatusInternalServerError)
	if o.Catalog == nil {
		o.Catalog = defaultCatalog()
	}
	o.Catalog = slices.Sorted(slices.Values(o.Catalog))
	return o
}

// latency is that of the answers to a call.
func (o Options) latency(call string) time.Duration {
	if isWrite(call) && o.WriteLatency > 0 {
		return o.WriteLatency
	}
	return o.Latency
}

// Server is the API. It is an http.Handler, and safe for concurrent use.
type Server struct {
	tuning sync.Mutex // guards opts
	opts   Options
	store  *store
	reads  atomic.Int64 // of customer configs, for Options.ReplicaEvery
	log    requestLog
	faults faultList
	limit  limiter

	connectors connectorStore

	http     http.Server
	listener net.Listener
	endpoint string
	closed   chan struct{}
	close    sync.Once
	// Every request holds running for reading; Close takes it to wait for them.
	running sync.RWMutex
	late    sync.WaitGroup // saves after their answer
}

// New returns a server that does not listen yet: use it as a handler, or call Listen and Serve.
func New(opts Options) *Server {
	opts = opts.withDefaults()
	s := &Server{opts: opts, store: newStore(opts.AccountID), closed: make(chan struct{})}
	s.http.Handler = s
	return s
}

// Start returns a server that listens on a free port of the loopback until t's Cleanup.
func Start(t interface {
	Helper()
	Cleanup(func())
}, opts Options,
) *Server {
	t.Helper()
	s := New(opts)
	if err := s.Listen(context.Background(), "127.0.0.1:0"); err != nil {
		panic(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve() // the clients of a broken listener say enough
	}()
	t.Cleanup(func() {
		s.Close()
		<-done
	})
	return s
}

// Listen binds the address, such as 127.0.0.1:0, which sets the endpoint.
func (s *Server) Listen(ctx context.Context, addr string) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	s.listener = listener
	s.endpoint = "http://" + listener.Addr().String() + basePath
	return nil
}

// Serve answers requests on the bound address until Close, and then returns nil.
func (s *Server) Serve() error {
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close ends every request in progress, even a hanging one, and returns when all have ended and every late
// save is done.
func (s *Server) Close() {
	_ = s.http.Close() // a listener that fails to close leaves nothing to do
	s.close.Do(func() { close(s.closed) })
	s.Settle()
}

// Settle returns when no request is in progress, not even one whose client has gone, and every late save is
// done.
func (s *Server) Settle() {
	s.running.Lock()
	s.running.Unlock() //nolint:staticcheck // only the wait is wanted
	s.late.Wait()
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.running.RLock()
	defer s.running.RUnlock()

	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // half a request does not count
	}
	rt, connector := routeOf(r.Method, r.URL.Path)
	if found, ok := s.dbopsRoute(r.URL.Path); ok {
		rt = found
	}
	req := newRequest(r, rt, body)
	req.Connector = connector
	entry := s.log.arrive(req)
	f := s.faults.hit(req)
	a := s.answer(r, rt, req, &f)
	if r.Context().Err() != nil {
		a.status = 0
	}
	final := s.log.answered(entry, a.status, a.correlationID)
	if onAnswer := s.Options().OnAnswer; onAnswer != nil {
		onAnswer(final)
	}
	if a.status == 0 {
		panic(http.ErrAbortHandler)
	}
	s.send(r.Context(), w, &f, a)
}

// answer returns what to answer; status 0 for nothing.
func (s *Server) answer(r *http.Request, rt route, req Request, f *Fault) answer {
	if f.Hook != nil {
		f.Hook(req)
	}
	var out answer
	if f.acts() {
		out = s.handle(r, rt, req, f)
		if rt.module == dbops && out.status != 0 {
			out = bare(rt.call, out)
		}
	} else if !f.withholds() {
		s.wait(r.Context(), s.Options().latency(rt.call))
	}
	if f.answers() {
		out = f.answer()
	}
	if f.Hang {
		select {
		case <-r.Context().Done():
		case <-s.closed:
		}
	}
	if f.withholds() {
		return answer{}
	}
	return out
}

// wait returns after d, or earlier if ctx ends or the server closes.
func (s *Server) wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-s.closed:
	}
}

// Endpoint is the base URL for a client: http://127.0.0.1:port/gateway. It is "" before Listen.
func (s *Server) Endpoint() string { return s.endpoint }

// Options returns the options, with defaults filled in.
func (s *Server) Options() Options {
	s.tuning.Lock()
	defer s.tuning.Unlock()
	return s.opts
}

// Env returns the variables that point the provider at this server.
func (s *Server) Env() map[string]string {
	opts := s.Options()
	return map[string]string{
		"HARNESS_ENDPOINT":         s.endpoint,
		"HARNESS_ACCOUNT_ID":       opts.AccountID,
		"HARNESS_PLATFORM_API_KEY": opts.APIKey,
	}
}
