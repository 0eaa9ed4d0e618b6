package transport

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

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

// secrets are texts that must not be shown, in base64 too.
type secrets struct {
	mu    sync.RWMutex
	forms map[string]form
}

// form finds a text however it is escaped.
type form struct {
	longest string                // part of it that nothing escapes
	pattern func() *regexp.Regexp // of all of it
	secret  int                   // the length of what it hides
}

// encodings are a text in base64. They have no padding: with it, they contain these.
func encodings(s string) []string {
	return []string{base64.RawStdEncoding.EncodeToString([]byte(s)), base64.RawURLEncoding.EncodeToString([]byte(s))}
}

func (s *secrets) add(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forms[secret].secret >= len(secret) {
		return
	}
	if s.forms == nil {
		s.forms = map[string]form{}
	}
	for _, plain := range append(encodings(secret), secret) {
		f, known := s.forms[plain]
		if !known {
			parts := strings.FieldsFunc(plain, func(r rune) bool { return !unescaped(r) })
			f.longest = slices.MaxFunc(append(parts, ""), func(a, b string) int { return cmp.Compare(len(a), len(b)) })
			f.pattern = sync.OnceValue(func() *regexp.Regexp { return anyEscape(plain) })
		}
		f.secret = max(f.secret, len(secret))
		s.forms[plain] = f
	}
}

// unescaped reports whether a character is written as it is everywhere.
func unescaped(r rune) bool {
	return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-._~", r))
}

// anyEscape returns a pattern for a text whose characters are written as they are, or escaped, once or again, as in
// URLs, JSON, %q or HTML: every library escapes other ones.
func anyEscape(plain string) *regexp.Regexp {
	var b strings.Builder
	for _, r := range plain {
		if literal := regexp.QuoteMeta(string(r)); unescaped(r) {
			b.WriteString(literal)
		} else {
			fmt.Fprintf(&b, `(?:\\*%s|%s)`, literal, strings.Join(escapes(r), "|"))
		}
	}
	return regexp.MustCompile(b.String())
}

// escapes are patterns for the ways to escape a character.
func escapes(r rune) []string {
	percent, hex, utf16s := "(?i:", "(?i:", ""
	for _, c := range []byte(string(r)) {
		percent += fmt.Sprintf("%%(?:25)*%02x", c)
		hex += fmt.Sprintf(`\\+x%02x`, c)
	}
	for _, unit := range utf16.Encode([]rune{r}) {
		utf16s += fmt.Sprintf(`\\+u%04x`, unit)
	}
	forms := []string{percent + ")", hex + ")", "(?i:" + utf16s + ")", fmt.Sprintf("&(?:amp;)*#(?i:0*%d|x0*%x);", r, r)}
	if named, ok := map[rune]string{
		' ': `\+|%(?:25)*2[bB]`, '&': "&(?:amp;)+", '<': "&(?:amp;)*lt;", '>': "&(?:amp;)*gt;", '"': "&(?:amp;)*quot;",
		'\n': `\\+n`, '\r': `\\+r`, '\t': `\\+t`, '\\': `\\+`,
	}[r]; ok {
		forms = append(forms, named)
	}
	return forms
}

// find returns where the text is in a string, from an offset on; nil if it is not.
func (f form) find(in string, from int) []int {
	if !strings.Contains(in[from:], f.longest) {
		return nil // as nearly always, and quick
	}
	at := f.pattern().FindStringIndex(in[from:])
	for i := range at {
		at[i] += from
	}
	return at
}

// redact replaces all that any form of a secret of this length or more covers, so that of two secrets that
// overlap no part stays.
func (s *secrets) redact(shown string, shortest int) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var hidden []bool // by byte
	for _, f := range s.forms {
		if f.secret < shortest {
			continue
		}
		for at := f.find(shown, 0); at != nil; at = f.find(shown, at[0]+1) {
			if hidden == nil {
				hidden = make([]bool, len(shown))
			}
			for i := at[0]; i < at[1]; i++ {
				hidden[i] = true
			}
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
