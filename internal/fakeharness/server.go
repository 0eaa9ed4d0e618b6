// Package fakeharness is the Harness execution-config API in process, for tests and demos: an independent
// model of the server, which shares no code with the client.
//
// Scopes are strings such as "ci/K8": a module (ci, iacm, idp) and an infra (K8, VM), or "dbops".
package fakeharness

import (
	"cmp"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeserver"
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
	// DBOpsResetObjects makes a reset of Database DevOps take [{"field": …}] and refuse ["…"]. Both are documented.
	DBOpsResetObjects bool
	// ECS serves the infra ECS, with the defaults of K8; else it is refused, as any other infra.
	ECS bool
	// ForeignFields adds to the defaults of ci what they also list since 2026: fields of IaCM and IDP, which
	// have no effect there, and newer fields of CI.
	ForeignFields bool
	// Aliases are other names of fields: a write under one is stored under the field. See IaCMAliases.
	Aliases map[string]string
	// Respell, if set, is how the server spells an image that is set.
	Respell func(image string) string
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

// Fault makes requests go wrong. Its Call is that of a Request, or "writes" or "connector-writes" as for Count.
type Fault = fakeserver.Fault[Request]

// Server is the API. It is an http.Handler, and safe for concurrent use.
type Server struct {
	fakeserver.Server
	fakeserver.Faults[Request]
	fakeserver.Log[Request]

	state
}

// New returns a server that does not listen yet: use it as a handler, or call Start.
func New(opts Options) *Server {
	s := &Server{state: newState(opts.withDefaults())}
	s.Init(s.serve)
	return s
}

// Start returns a server that listens on a free port of the loopback until t's Cleanup.
func Start(t fakeserver.TB, opts Options) *Server {
	t.Helper()
	s := New(opts)
	s.Start(t)
	return s
}

// serve answers one request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // half a request does not count
	}
	rt := s.routeOf(r.Method, r.URL.Path)
	req := newRequest(r, rt, body)
	entry := s.Arrive(req)
	if isWrite(req.Call) {
		s.countWrite(req.Account, 1)
	}
	f := s.Hit(func(f *Fault) bool { return matches(f, req) })
	a := s.answer(r, rt, req, &f)
	if r.Context().Err() != nil {
		a.Status = 0
	}
	// Before the answer's last byte can reach the client, which then finds the log complete.
	final := s.Note(entry, func(r *Request) { r.Status, r.CorrelationID, r.End = a.Status, a.ID, time.Now() })
	if isWrite(req.Call) {
		s.countWrite(req.Account, -1)
	}
	if onAnswer := s.Options().OnAnswer; onAnswer != nil {
		onAnswer(final)
	}
	if a.Status == 0 {
		panic(http.ErrAbortHandler)
	}
	f.Send(&s.Server, w, r, a)
}

// answer returns what to answer; status 0 for nothing.
func (s *Server) answer(r *http.Request, rt route, req Request, f *Fault) *answer {
	if f.Hook != nil {
		f.Hook(req)
	}
	out := &answer{}
	if f.Acts() {
		out = s.handle(r, rt, req, f)
		if rt.module == dbops && out.Status != 0 {
			out = bare(rt.call, out)
		}
	} else if !f.Withholds() {
		s.Wait(r.Context(), s.Options().latency(rt.call))
	}
	if f.Answers() {
		out = f.Answer()
	}
	if f.Hang {
		s.Hang(r.Context())
	}
	if f.Withholds() {
		return &answer{}
	}
	return out
}

// Endpoint is the base URL for a client: http://127.0.0.1:port/gateway. It is "" before Start.
func (s *Server) Endpoint() string {
	if s.Host() == "" {
		return ""
	}
	return s.URL() + basePath
}

// Env returns the variables that point the provider at this server.
func (s *Server) Env() map[string]string {
	opts := s.Options()
	return map[string]string{
		"HARNESS_ENDPOINT":         s.Endpoint(),
		"HARNESS_ACCOUNT_ID":       opts.AccountID,
		"HARNESS_PLATFORM_API_KEY": opts.APIKey,
	}
}
