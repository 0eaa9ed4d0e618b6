package transport

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

const (
	// shortestSecret is how many bytes a text must have to be hidden: a shorter one protects nothing, and occurs
	// in too many words.
	shortestSecret = 4
	// shortestLong is how many bytes a secret must have to be removed from values, too: a shorter one, such as the
	// password "harness" of a test registry, may be a part of an image.
	shortestLong = 12
)

// process are the secrets of this process: every credential registers where it is obtained, and everything
// that leaves the process as text goes through Redact.
var process = &secrets{}

// Hide registers secrets, which may be empty: credentials, tokens, form values.
func Hide(secrets ...string) {
	for _, secret := range secrets {
		if len(secret) >= shortestSecret {
			process.add(secret)
		}
	}
	log.SetOutput(standardLog)
}

// HideLogin registers a password, and its user's login as Basic authentication sends it.
func HideLogin(user, password string) {
	Hide(password)
	if len(password) >= shortestSecret {
		Hide(encodings(user + ":" + password)...)
	}
}

// HideURL registers the password in a URL, which need not be a valid one.
func HideURL(raw string) {
	_, rest, _ := strings.Cut(raw, "://")
	if _, err := url.Parse(raw); err == nil { // else the password may itself have a slash
		rest, _, _ = strings.Cut(rest, "/")
	}
	at := strings.LastIndex(rest, "@")
	user, password, found := strings.Cut(rest[:max(at, 0)], ":")
	if !found {
		return
	}
	HideLogin(user, password)
	if plain, err := url.PathUnescape(password); err == nil && plain != password {
		HideLogin(user, plain)
	}
}

// Redact replaces every registered secret in a text, in each form in which it may have been written.
func Redact(s string) string { return process.redact(s, 0) }

// RedactValue is Redact for a value that is stored or planned: only secrets of 12 bytes or more are replaced in it.
func RedactValue(s string) string { return process.redact(s, shortestLong) }

// Show makes a foreign text safe to show: without secrets, escaped and shortened.
func Show(s string) string { return text.Safe(Redact(s)) }

// secrets are texts that must not be shown, in all forms.
type secrets struct {
	mu    sync.RWMutex
	forms map[string]int // each with its secret's length
}

// encodings are a text in base64. They have no padding: with it, they contain these.
func encodings(s string) []string {
	return []string{base64.RawStdEncoding.EncodeToString([]byte(s)), base64.RawURLEncoding.EncodeToString([]byte(s))}
}

func (s *secrets) add(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forms[secret] >= len(secret) {
		return
	}
	if s.forms == nil {
		s.forms = map[string]int{}
	}
	for _, plain := range append(encodings(secret), secret) {
		for _, form := range escapes(plain) {
			s.forms[form] = max(s.forms[form], len(secret))
		}
	}
}

// escapes are a text as URLs, JSON and Go's %q write it, the text itself included.
func escapes(plain string) []string {
	query, path := url.QueryEscape(plain), url.PathEscape(plain)
	forms := []string{plain, query, path, strings.ReplaceAll(query, "+", "%20"), strings.ReplaceAll(plain, "/", `\/`)}
	whole := (&url.URL{Path: plain}).EscapedPath()
	forms = append(forms, whole)
	for _, escaped := range []string{query, path, whole} {
		forms = append(forms, lowerHex(escaped))
	}
	forms = append(forms, strings.Trim(strconv.Quote(plain), `"`))
	for _, html := range []bool{true, false} {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(html)
		if err := e.Encode(plain); err != nil {
			continue // of a string: cannot happen
		}
		escaped := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), `"`), `"`)
		forms = append(forms, escaped, strings.ReplaceAll(escaped, "/", `\/`))
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

// lowerHex writes the escapes of a URL with small letters.
func lowerHex(s string) string {
	b := []byte(s)
	for i := range b {
		if b[i] == '%' && i+2 < len(b) {
			copy(b[i+1:], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return string(b)
}

// redact replaces all that any form of a secret of this length or more covers, so that of two secrets that
// overlap no part stays.
func (s *secrets) redact(shown string, shortest int) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var hidden []bool // by byte
	for form, length := range s.forms {
		for from := 0; length >= shortest; {
			at := strings.Index(shown[from:], form)
			if at < 0 {
				break
			}
			if hidden == nil {
				hidden = make([]bool, len(shown))
			}
			for i := from + at; i < from+at+len(form); i++ {
				hidden[i] = true
			}
			from += at + 1
		}
	}
	if hidden == nil {
		return shown
	}
	var b strings.Builder
	for i := range len(shown) {
		switch {
		case !hidden[i]:
			b.WriteByte(shown[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString("[redacted]")
		}
	}
	return b.String()
}

// standardLog is what the standard logger writes to: net/http logs unsolicited bytes from a server, which
// may echo a credential.
var standardLog = &maskedWriter{out: os.Stderr}

// maskedWriter writes each message on one line, safe to show and without secrets.
type maskedWriter struct {
	mu  sync.Mutex
	out io.Writer
}

// Write implements io.Writer.
func (w *maskedWriter) Write(message []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := io.WriteString(w.out, Show(string(message))+"\n"); err != nil {
		return 0, err
	}
	return len(message), nil
}
