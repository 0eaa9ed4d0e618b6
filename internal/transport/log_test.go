package transport

import (
	"bufio"
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
)

// buffer may be written and read at the same time.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// Not parallel: the standard logger belongs to the process.
func TestBytesAfterAnAnswerAreLoggedMasked(t *testing.T) {
	const secret = `pat.se"cret\1` //nolint:gosec // for this test only
	var logged buffer
	standardLog.out = &logged
	Hide(secret, "")
	t.Cleanup(func() { standardLog.out = os.Stderr })

	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's own port
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		reader := bufio.NewReader(conn)
		if req, err := http.ReadRequest(reader); err == nil {
			io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n\x1b[31m"+strings.Repeat(req.Header.Get("X-Api-Key")+" ", 300))
		}
		_, _ = io.Copy(io.Discard, reader) // until the client has had enough
	}()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listener.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", secret)
	tr := New(nil)
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	<-closed
	said := logged.String()
	if !strings.Contains(said, "[redacted]") || strings.Contains(said, "cret") || strings.Contains(said, "\x1b") {
		t.Errorf("logged %q", said)
	}
	if lines := strings.Count(said, "\n"); lines != 1 || len(said) > 600 {
		t.Errorf("%d lines, %d bytes", lines, len(said))
	}
	log.Print("two\nlines")
	if !strings.HasSuffix(logged.String(), "two\\nlines\n") {
		t.Errorf("logged %q", logged.String())
	}
}
