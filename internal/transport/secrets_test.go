package transport

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
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

func TestRedactHidesEveryFormOfASecret(t *testing.T) {
	t.Parallel()
	const secret = `p&s/w+o=r"d\é<x y` + "\t."
	HideLogin("robot$ci", secret)
	asJSON, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	for name, form := range map[string]string{
		"raw":            secret,
		"query":          url.Values{"password": {secret}}.Encode(),
		"query, %20":     strings.ReplaceAll(url.QueryEscape(secret), "+", "%20"),
		"path":           (&url.URL{Path: secret}).EscapedPath() + " " + url.PathEscape(secret),
		"small hex":      strings.ToLower(url.QueryEscape(secret)),
		"Go's JSON":      string(asJSON),
		"PHP's JSON":     strings.ReplaceAll(string(asJSON), "/", `\/`),
		"%q":             fmt.Sprintf("%q", secret),
		"%+q":            fmt.Sprintf("%+q", secret), // and Python's JSON
		"%x escapes":     strings.ReplaceAll(strings.ReplaceAll(secret, "é", `\xc3\xa9`), "\t", `\x09`),
		"Python's quote": strings.ReplaceAll(url.QueryEscape(secret), "%2F", "/"),
		"JavaScript's":   strings.NewReplacer("+", "%20", "%22", `"`, "%26", "&", "%2B", "+").Replace(url.QueryEscape(secret)),
		"URL in a URL":   url.QueryEscape(url.QueryEscape(secret)),
		"JSON in JSON":   fmt.Sprintf("%q", asJSON),
		"HTML":           html.EscapeString(secret),
		"HTML, hex":      strings.ReplaceAll(html.EscapeString(secret), "é", "&#xE9;"),
		"base64":         base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64, URL":    base64.URLEncoding.EncodeToString([]byte(secret)),
		"login":          base64.StdEncoding.EncodeToString([]byte("robot$ci:" + secret)),
		"login, escaped": url.QueryEscape(base64.StdEncoding.EncodeToString([]byte("robot$ci:" + secret))),
	} {
		shown := Redact("before " + form + " after")
		if !strings.HasPrefix(shown, "before ") || !strings.HasSuffix(shown, " after") || !strings.Contains(shown, "[redacted]") {
			t.Errorf("%s: %q", name, shown)
		}
		for _, part := range []string{"p&s", "w+o", "w%2", "r\"d", "cCZzL3", "cm9ib3Q", "x y", "x%20y", "x+y"} {
			if strings.Contains(strings.ReplaceAll(shown, "password", ""), part) {
				t.Errorf("%s: %q shows %q", name, shown, part)
			}
		}
	}
}

func TestRedactLeavesNoPartOfSecretsThatOverlap(t *testing.T) {
	t.Parallel()
	Hide("overlap-one", "one-two-overlap", "overlap")
	if got := Redact("<overlap-one-two-overlap>"); got != "<[redacted]>" {
		t.Error(got)
	}
	Hide("", "abc")
	if got := Redact("abcd"); got != "abcd" {
		t.Errorf("too short for a secret: %q", got)
	}
	Hide("lab-secret", "long-lab-secret")
	if got := RedactValue("lab-secret/image long-lab-secret"); got != "lab-secret/image [redacted]" {
		t.Errorf("a value with a short and a long secret: %q", got)
	}
}

func TestHideURLTakesWhatDoesNotParse(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"https://me:url-pass-1@host/path", "https://me:url-pass-1@host:bad port/", "https://me:url%2Dpass%2d1@host",
		"http://me:url-pass-1/x%zz@host", "https://me:url-pass-1@[::1/",
	} {
		HideURL(raw)
		if got := Redact("it says url-pass-1"); got != "it says [redacted]" && !strings.Contains(raw, "/x") {
			t.Errorf("%s: %q", raw, got)
		}
		if got := Redact(raw); strings.Contains(got, "pass") {
			t.Errorf("%s: %q", raw, got)
		}
	}
	HideURL("https://host/repo:no-secret@sha256:1")
	HideURL("no URL")
	if got := Redact("no-secret"); got != "no-secret" {
		t.Error(got)
	}
}
