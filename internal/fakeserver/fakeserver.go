// Package fakeserver is what the fakes have in common: a server that ends cleanly, faults that hit some of the
// requests, answers, and a log. What a request asks for, only the fake knows.
package fakeserver

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// Server answers requests on the loopback, or as a handler without a listener. Embed it, and call Init.
type Server struct {
	handle  http.HandlerFunc
	http    *httptest.Server // nil unless it listens
	closed  chan struct{}
	once    sync.Once
	running sync.RWMutex // every request holds it for reading
	late    sync.WaitGroup
}

// Init says what answers the requests.
func (s *Server) Init(handle http.HandlerFunc) {
	s.handle, s.closed = handle, make(chan struct{})
}

// TB is what this package needs of a [testing.TB].
type TB interface {
	Helper()
	Cleanup(func())
}

// Start lets the server listen on a free port of the loopback until t's Cleanup.
func (s *Server) Start(t TB) {
	t.Helper()
	s.http = httptest.NewServer(s)
	t.Cleanup(s.Close)
}

// Close ends every request in progress, even a hanging one, and returns when all have ended.
func (s *Server) Close() {
	s.once.Do(func() { close(s.closed) })
	if s.http != nil {
		s.http.CloseClientConnections()
		s.http.Close()
	}
	s.Settle()
}

// Go does what a request leaves for later.
func (s *Server) Go(later func()) { s.late.Go(later) }

// Settle returns when no request is in progress, not even one whose client has gone, and nothing is left for
// later.
func (s *Server) Settle() {
	s.running.Lock()
	s.running.Unlock() //nolint:staticcheck // only the wait is wanted
	s.late.Wait()
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.running.RLock()
	defer s.running.RUnlock()
	s.handle(w, r)
}

// Host is 127.0.0.1:port; "" before Start.
func (s *Server) Host() string {
	if s.http == nil {
		return ""
	}
	return s.http.Listener.Addr().String()
}

// URL is http://127.0.0.1:port.
func (s *Server) URL() string { return "http://" + s.Host() }

// Hang returns when the client has gone or the server closes.
func (s *Server) Hang(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.closed:
	}
}

// Wait returns after d, or earlier if ctx ends or the server closes.
func (s *Server) Wait(ctx context.Context, d time.Duration) {
	if d > 0 {
		ctx, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		s.Hang(ctx)
	}
}

// Log has the requests in order of arrival.
type Log[R any] struct {
	mu      sync.Mutex
	entries []*R
}

// Arrive adds an entry, which belongs to the log.
func (l *Log[R]) Arrive(r R) *R {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, &r)
	return &r
}

// Note changes an entry and returns what it is now.
func (l *Log[R]) Note(entry *R, change func(*R)) R {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(entry)
	return *entry
}

// Requests returns the log so far.
func (l *Log[R]) Requests() []R {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]R, len(l.entries))
	for i, entry := range l.entries {
		out[i] = *entry
	}
	return out
}

// ResetLog empties the log.
func (l *Log[R]) ResetLog() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = nil
}
