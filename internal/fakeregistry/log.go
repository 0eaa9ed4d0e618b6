package fakeregistry

import (
	"net/http"
	"slices"
	"strings"
)

// Request is an entry of the request log.
type Request struct {
	Method, Host, Path, Query string
	// Kind is the part of the API: base, manifests, blobs, uploads, tags, catalog, referrers, token, or
	// storage for redirected blobs; "" for an unknown path.
	Kind string
	// Repository and Reference are those of the path.
	Repository, Reference string
	UserAgent             string
	// Login is the username of a Basic login, "bearer" for a token, "" for none.
	Login string
	// Authorization is the header as it came.
	Authorization string
	// Received and Sent count the bytes of bodies.
	Received, Sent int64
	// Status is the answer's; 0 while there is none, or if none was sent.
	Status int
}

func newRequest(r *http.Request, rt route) Request {
	request := Request{
		Method: r.Method, Host: r.Host, Path: r.URL.Path, Query: r.URL.RawQuery,
		Kind: rt.kind, Repository: rt.repo, Reference: rt.reference,
		UserAgent: r.UserAgent(), Authorization: r.Header.Get("Authorization"),
	}
	if user, _, ok := r.BasicAuth(); ok {
		request.Login = user
	} else if strings.HasPrefix(request.Authorization, "Bearer ") {
		request.Login = "bearer"
	}
	return request
}

// matches reports whether a fault is for a request.
func matches(f *Fault, r Request) bool {
	return (f.Method == "" || f.Method == r.Method) && (f.Call == "" || f.Call == r.Kind) && strings.Contains(r.Path, f.Reference)
}

// Count returns how many requests had the method ("" is any) and were of one of the kinds (none is any).
func (s *Server) Count(method string, kinds ...string) (n int) {
	for _, r := range s.Requests() {
		if (method == "" || r.Method == method) && (len(kinds) == 0 || slices.Contains(kinds, r.Kind)) {
			n++
		}
	}
	return n
}

// Received returns how many bytes of blobs have arrived.
func (s *Server) Received() (n int64) {
	for _, r := range s.Requests() {
		if r.Kind == "uploads" {
			n += r.Received
		}
	}
	return n
}
