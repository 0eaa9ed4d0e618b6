// Package fakeregistry is a container registry in process, for tests and demos: the OCI distribution
// API with logins, faults and a request log. It shares no code with the client.
package fakeregistry

import (
	"cmp"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeserver"
)

// Options configure a Server. The zero value is a registry without a login.
type Options struct {
	// Username and Password, if set, are required for every request.
	Username, Password string
	// Token requires a token instead of Basic. The token server issues one for the login.
	Token bool
	// TokenElsewhere puts the token server on another host.
	TokenElsewhere bool
	// AnonymousPull lets anyone read.
	AnonymousPull bool

	// PageSize is the longest page of a list; 0 returns all at once, without a Link.
	PageSize int
	// Unsorted lists tags in the order of arrival.
	Unsorted bool

	// NoDigest omits Docker-Content-Digest from answers.
	NoDigest bool
	// NoMount refuses every mount with 202, as the specification allows.
	NoMount bool
	// Redirect serves blobs from a storage on another host.
	Redirect bool
	// ImmutableTags refuses to overwrite a tag, even with the same digest.
	ImmutableTags bool
	// NoTagDelete deletes only by digest, as the CNCF distribution does.
	NoTagDelete bool
	// MissingStatus is the answer for repositories that do not exist; 0 is 404. Such a registry creates
	// none on a push.
	MissingStatus int
	// Quota is how many bytes of blobs fit; 0 is no limit.
	Quota int64
	// Unverified stores what arrives, whatever its digest.
	Unverified bool
	// Referrers answers the referrers API.
	Referrers bool

	// Quirks are how the registry differs from others.
	Quirks

	// Upstream is the address of a registry that acts on the requests, such as a real one. This server then
	// only keeps the log and injects faults; no other option counts.
	Upstream string
}

// Fault makes requests go wrong. Its Call is the Kind of a Request.
type Fault = fakeserver.Fault[Request]

// Server is a registry. It is safe for concurrent use.
type Server struct {
	fakeserver.Server
	fakeserver.Faults[Request]
	fakeserver.Log[Request]

	opts   Options
	store  *store
	tokens tokens
	pulls  atomic.Int64 // GETs of manifests, for PullLimit
}

// Start returns a registry that listens on a free port of the loopback until t's Cleanup.
func Start(t fakeserver.TB, opts Options) *Server {
	t.Helper()
	s := &Server{opts: opts, store: newStore(), tokens: tokens{scopes: map[string][]string{}}}
	s.Init(s.serve)
	s.Start(t)
	return s
}

// elsewhere is the same server under another host name.
func (s *Server) elsewhere() string {
	_, port, _ := net.SplitHostPort(s.Host()) // a listener's address has a port
	return "localhost:" + port
}

// serve answers one request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	rt := routeOf(r)
	request := newRequest(r, rt)
	entry := s.Arrive(request)
	f := s.Hit(func(f *Fault) bool { return matches(f, request) })
	if f.Hook != nil {
		f.Hook(request)
	}
	if f.Withholds() && !f.ApplyFirst {
		s.withhold(r, rt, &f)
	}
	body, err := io.ReadAll(r.Body)
	s.Note(entry, func(r *Request) { r.Received = int64(len(body)) })
	if err != nil {
		s.keep(r, rt, body)
	}
	acts := f.ApplyFirst || !f.Answers()
	if err != nil && acts {
		panic(http.ErrAbortHandler) // half a request does not count
	}
	var a *answer
	if acts {
		a = s.handle(r, rt, body)
	}
	if f.Withholds() {
		s.withhold(r, rt, &f)
	}
	switch {
	case f.Answers() && f.Code+f.Message != "":
		a = refuse(f.Status, f.Code, f.Message)
	case f.Answers():
		a = f.Answer()
	}
	s.Note(entry, func(r *Request) { r.Status = a.Status })
	sent := f.Send(&s.Server, w, r, a)
	s.Note(entry, func(r *Request) { r.Sent = int64(sent) })
}

// withhold never returns.
func (s *Server) withhold(r *http.Request, rt route, f *Fault) {
	part, _ := io.ReadAll(io.LimitReader(r.Body, f.Take)) // in any case, the connection is closed
	s.keep(r, rt, part)
	if f.Hang {
		s.Hang(r.Context())
	}
	panic(http.ErrAbortHandler)
}

type answer = fakeserver.Answer

func reply(status int, body []byte, header ...string) *answer {
	a := &answer{Status: status, Header: http.Header{}, Body: body}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i+1] != "" {
			a.Header.Set(header[i], header[i+1])
		}
	}
	return a
}

// refuse is an answer in the registries' own form.
func refuse(status int, code, message string) *answer {
	return Refusal{Status: status, Code: code, Message: message}.answer()
}

// route is the part of the API that a request is for.
type route struct {
	kind      string // "base", "manifests", "blobs", "uploads", "tags", "catalog", "referrers", "token", "storage", ""
	repo      string
	reference string
}

// routeOf reads the path from its end: a repository has slashes.
func routeOf(r *http.Request) route {
	path := r.URL.Path
	switch {
	case path == "/v2/" || path == "/v2":
		return route{kind: "base"}
	case path == "/v2/_catalog":
		return route{kind: "catalog"}
	case path == "/token":
		return route{kind: "token"}
	case strings.HasPrefix(path, "/storage/"):
		repo, digest, _ := strings.Cut(strings.TrimPrefix(path, "/storage/"), "@")
		return route{"storage", repo, digest}
	}
	rest, ok := strings.CutPrefix(path, "/v2/")
	if !ok {
		return route{}
	}
	if repo, ok := strings.CutSuffix(rest, "/tags/list"); ok {
		return route{kind: "tags", repo: repo}
	}
	for _, kind := range []string{"/blobs/uploads/", "/blobs/", "/manifests/", "/referrers/"} {
		if at := strings.LastIndex(rest, kind); at > 0 {
			name := strings.Trim(kind, "/")
			return route{cmp.Or(strings.TrimPrefix(name, "blobs/"), name), rest[:at], rest[at+len(kind):]}
		}
	}
	return route{}
}
