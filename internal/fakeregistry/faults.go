package fakeregistry

import (
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// Fault makes requests go wrong, before the registry's own checks. The zero value matches the next request
// and does no harm; each field adds one.
type Fault struct {
	Method    string // "" = any
	Kind      string // as in Request; "" = any
	Reference string // part of the path; "" = any
	Times     int    // how many matching requests it hits; 0 = 1; -1 = all
	After     int    // let this many matching requests pass first

	// Status and Code, Message, or a Body: this answer instead of acting on the request.
	Status        int
	Code, Message string
	Body          []byte
	Header        http.Header // set on every answer that the fault hits

	// ApplyFirst acts on the request first, then sends the fault's answer instead.
	ApplyFirst bool

	Drop  bool // close the connection without an answer, once Take bytes of the request have been read; an upload keeps them
	Take  int64
	Cut   int  // > 0: the whole answer's headers, but only Cut bytes of it
	Alter bool // the answer's first byte is changed
	Hang  bool // no answer until the client goes away

	// Hook runs when the fault hits, before anything else. It may block.
	Hook func(Request)
}

func (f *Fault) answers() bool   { return f.Status != 0 || f.Body != nil }
func (f *Fault) withholds() bool { return f.Drop || f.Hang }

func (f *Fault) answer() answer {
	status := f.Status
	if status == 0 {
		status = http.StatusOK
	}
	if f.Body != nil {
		return reply(status, f.Body)
	}
	return refuse(status, f.Code, f.Message)
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

// send writes the answer, damaged as the fault says, and returns how many bytes of a body it sent.
func (s *Server) send(w http.ResponseWriter, r *http.Request, f *Fault, a answer) int {
	maps.Copy(w.Header(), a.header)
	maps.Copy(w.Header(), f.Header)
	if a.status == http.StatusSwitchingProtocols {
		s.switchProtocols(w, r)
		return 0
	}
	w.Header().Set("Content-Length", strconv.Itoa(a.length))
	w.WriteHeader(a.status)
	if r.Method == http.MethodHead {
		return 0
	}
	body := a.body
	if f.Alter && len(body) > 0 {
		body = append([]byte{body[0] ^ 1}, body[1:]...)
	}
	if f.Cut > 0 && f.Cut < len(body) {
		body = body[:f.Cut] // net/http closes what ends too early
	}
	n, _ := w.Write(body) // the client may be gone
	return n
}

// switchProtocols answers 101 and says nothing more, on an open connection.
func (s *Server) switchProtocols(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err) // HTTP/1 can
	}
	_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"))
	_, _ = conn.Read(make([]byte, 1)) // until the client goes
	_ = conn.Close()
}

// Inject adds a fault. The first one that is due for a request hits it.
func (s *Server) Inject(f Fault) { s.Add(f, f.Times, f.After) }

func (f *Fault) matches(r Request) bool {
	return (f.Method == "" || f.Method == r.Method) && (f.Kind == "" || f.Kind == r.Kind) && strings.Contains(r.Path, f.Reference)
}
