package fakeharness

import (
	"context"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// Fault makes requests go wrong. The zero value matches the next request and does no harm; each field adds
// one. A fault acts before the API's own checks and the rate limit, as a gateway does.
type Fault struct {
	Call  string // such as "update-config", "writes" or "catalog"; "" = any
	Scope string // "" = any
	// Connector is the identifier of the connector that a request is about; "" = any.
	Connector string
	Times     int // how many matching requests it hits; 0 = 1; -1 = all
	After     int // let this many matching requests pass first

	// Status, Body or Redirect: this answer instead of acting on the request. Status 0 is 200. A Body that
	// is not a JSON object or list is sent as text/html.
	Status   int
	Body     string
	Redirect string // 302 (or Status) to this URL
	// Header is set on each answer that is hit, and takes precedence over the answer's own.
	Header http.Header
	// PadTo lengthens the answer with spaces to this many bytes, without holding them.
	PadTo int64
	// ApplyFirst acts on the request first, then sends the fault's answer instead.
	ApplyFirst bool

	Drop bool          // close the connection without an answer
	Cut  int           // >0: the headers of the whole answer, only Cut bytes of it, then close
	Hang bool          // no answer until the client goes away or the server closes
	Drip time.Duration // slow bytes: one byte per Drip
	Lie  bool          // writes: answer true, store nothing
	// Behind: a read shows what the document was that long ago; see Options.ReplicaLag.
	Behind time.Duration
	// SaveLate: the write is answered, or dropped, and saves the document that it read this much later.
	SaveLate time.Duration

	// Hook runs when the fault hits, before anything else. BeforeSave runs between the
	// read and the save of a write's document. Both may block.
	Hook, BeforeSave func(Request)
}

// answers reports whether the fault replaces the API's own answer.
func (f *Fault) answers() bool {
	return f.Status != 0 || f.Body != "" || f.Redirect != ""
}

// withholds reports whether no answer is sent at all.
func (f *Fault) withholds() bool { return f.Drop || f.Hang }

// acts reports whether the API sees the request.
func (f *Fault) acts() bool {
	return f.ApplyFirst || f.SaveLate > 0 || !f.answers() && !f.withholds()
}

// answer builds the fault's own answer.
func (f *Fault) answer() *answer {
	out := &answer{status: f.Status, header: http.Header{}, body: []byte(f.Body)}
	if f.Redirect != "" {
		out.header.Set("Location", f.Redirect)
		if out.status == 0 {
			out.status = http.StatusFound
		}
	}
	if out.status == 0 {
		out.status = http.StatusOK
	}
	switch {
	case f.Body == "":
	case f.Body[0] == '{' || f.Body[0] == '[':
		out.header.Set("Content-Type", "application/json")
	default:
		out.header.Set("Content-Type", "text/html")
	}
	return out
}

// send writes the answer, damaged as the fault says.
func (s *Server) send(ctx context.Context, w http.ResponseWriter, f *Fault, a *answer) {
	padding := max(0, f.PadTo-int64(len(a.body)))
	w.Header().Set("Content-Length", strconv.FormatInt(int64(len(a.body))+padding, 10))
	maps.Copy(w.Header(), a.header)
	maps.Copy(w.Header(), f.Header)
	w.WriteHeader(a.status)
	switch {
	case f.Cut > 0:
		_, _ = w.Write(a.body[:min(f.Cut, len(a.body))]) // net/http closes what ends too early
	case f.Drip > 0:
		s.drip(ctx, w, a.body, f.Drip)
	default:
		_, _ = w.Write(a.body) // the client may be gone
	}
	pad(w, padding)
}

// drip writes one byte per interval, and the rest at once if the client goes away.
func (s *Server) drip(ctx context.Context, w http.ResponseWriter, body []byte, interval time.Duration) {
	out := http.NewResponseController(w)
	for i := range body {
		s.Wait(ctx, interval)
		_, _ = w.Write(body[i : i+1]) // the client may be gone
		_ = out.Flush()
	}
}

// pad writes n spaces, until the client stops reading.
func pad(w http.ResponseWriter, n int64) {
	block := make([]byte, min(n, 64<<10))
	for i := range block {
		block[i] = ' '
	}
	for n > 0 {
		written, err := w.Write(block[:min(n, int64(len(block)))])
		if err != nil {
			return
		}
		n -= int64(written)
	}
}

// matches reports whether a fault is for a request.
func (f *Fault) matches(req Request) bool {
	return matchesCall(req.Call, f.Call) && (f.Scope == "" || f.Scope == req.Scope) &&
		(f.Connector == "" || f.Connector == req.Connector)
}

// Inject adds a fault after the existing ones.
func (s *Server) Inject(f Fault) { s.Add(f, f.Times, f.After) }
