package fakeserver

import (
	"bytes"
	"cmp"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Fault makes requests go wrong, before the fake's own checks. R is a request in the fake's log. The zero value
// matches the next request and does no harm; each field adds one.
type Fault[R any] struct {
	// Which requests, as the fake says what they are; "" = any. The fake of Harness knows scopes and connectors,
	// that of a registry a reference: part of the path.
	Method, Call, Scope, Connector, Reference string
	Times                                     int // how many matching requests it hits; 0 = 1; -1 = all
	After                                     int // let this many matching requests pass first

	// Status, Body, Redirect, or the Code and Message of a registry: this answer instead of acting on the
	// request. Status 0 is 200. A Body that is not a JSON object or list is sent as text/html.
	Status        int
	Body          string
	Redirect      string // 302 (or Status) to this URL
	Code, Message string
	// Header is set on each answer that is hit, and takes precedence over the answer's own.
	Header http.Header
	// ApplyFirst acts on the request first, then sends the fault's answer instead.
	ApplyFirst bool

	Drop  bool          // close the connection without an answer
	Hang  bool          // no answer until the client goes away or the server closes
	Cut   int           // >0: the headers of the whole answer, only Cut bytes of it, then close
	Drip  time.Duration // slow bytes: one byte per Drip
	PadTo int64         // lengthens the answer with spaces to this many bytes, without holding them
	Alter bool          // the answer's first byte is changed

	// Take is how much of a request a registry reads before it drops it; an upload keeps that.
	Take int64
	// Lie answers a write of Harness as if it were stored.
	Lie bool
	// Behind makes a read of Harness show what the document was that long ago.
	Behind time.Duration
	// SaveLate answers, or drops, a write of Harness and saves the document that it read this much later.
	SaveLate time.Duration

	// Hook runs when the fault hits, before anything else. BeforeSave runs between the
	// read and the save of a write's document. Both may block.
	Hook, BeforeSave func(R)
}

// Answers reports whether the fault replaces the API's own answer.
func (f *Fault[R]) Answers() bool {
	return f.Status != 0 || f.Body != "" || f.Redirect != ""
}

// Withholds reports whether no answer is sent at all.
func (f *Fault[R]) Withholds() bool { return f.Drop || f.Hang }

// Acts reports whether the API sees the request.
func (f *Fault[R]) Acts() bool {
	return f.ApplyFirst || f.SaveLate > 0 || !f.Answers() && !f.Withholds()
}

// Answer builds the fault's own answer.
func (f *Fault[R]) Answer() *Answer {
	out := &Answer{Status: cmp.Or(f.Status, http.StatusOK), Header: http.Header{}, Body: []byte(f.Body)}
	if f.Redirect != "" {
		out.Header.Set("Location", f.Redirect)
		out.Status = cmp.Or(f.Status, http.StatusFound)
	}
	switch {
	case f.Body == "":
	case f.Body[0] == '{' || f.Body[0] == '[':
		out.Header.Set("Content-Type", "application/json")
	default:
		out.Header.Set("Content-Type", "text/html")
	}
	return out
}

// Send writes an answer, damaged as the fault says, and returns how many bytes of its body it sent.
func (f *Fault[R]) Send(s *Server, w http.ResponseWriter, r *http.Request, a *Answer) (sent int) {
	body := a.Body
	padding := max(0, int(f.PadTo)-len(body))
	w.Header().Set("Content-Length", strconv.Itoa(len(body)+padding))
	maps.Copy(w.Header(), a.Header)
	maps.Copy(w.Header(), f.Header)
	out := http.NewResponseController(w)
	if a.Status == http.StatusSwitchingProtocols {
		switchProtocols(out)
		return 0
	}
	w.WriteHeader(a.Status)
	if r.Method == http.MethodHead {
		return 0
	}
	if f.Alter && len(body) > 0 {
		body = append([]byte{body[0] ^ 1}, body[1:]...)
	}
	if f.Cut > 0 {
		body = body[:min(f.Cut, len(body))] // net/http closes what ends too early
	}
	if f.Drip > 0 {
		for i := range body { // the rest at once if the client goes away
			s.Wait(r.Context(), f.Drip)
			n, _ := w.Write(body[i : i+1])
			_ = out.Flush()
			sent += n
		}
	} else {
		sent, _ = w.Write(body) // the client may be gone
	}
	for block := bytes.Repeat([]byte(" "), min(padding, 64<<10)); padding > 0; {
		n, err := w.Write(block[:min(padding, len(block))])
		if err != nil {
			break
		}
		padding -= n
	}
	return sent
}

// switchProtocols answers 101 and says nothing more, on an open connection.
func switchProtocols(out *http.ResponseController) {
	conn, _, err := out.Hijack()
	if err != nil {
		panic(err) // HTTP/1 can
	}
	_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"))
	_, _ = conn.Read(make([]byte, 1)) // until the client goes
	_ = conn.Close()
}

// Faults are those of a fake, in the order in which they were injected.
type Faults[R any] struct {
	mu   sync.Mutex
	list []*Fault[R]
}

// Inject adds a fault after the existing ones.
func (l *Faults[R]) Inject(f Fault[R]) {
	f.Times = cmp.Or(f.Times, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, &f)
}

// ClearFaults removes every fault.
func (l *Faults[R]) ClearFaults() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = nil
}

// Hit returns the first fault that is due for a request; the zero value for none. Faults after the one that
// hits do not count the request.
func (l *Faults[R]) Hit(matches func(*Fault[R]) bool) (hit Fault[R]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.list {
		switch {
		case f.Times == 0 || !matches(f):
		case f.After > 0:
			f.After--
		default:
			if f.Times > 0 {
				f.Times--
			}
			return *f
		}
	}
	return hit
}
