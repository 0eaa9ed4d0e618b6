// Package text formats what people read: quoted names, lists in prose, sentences, and foreign texts made
// safe to show.
package text

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	quotedRunes = 80
	// shownRunes is how many runes of a foreign text are shown, escapes included.
	shownRunes = 500
)

// Quote shows a value of unknown origin: in quotes, escaped, and cut after 80 characters.
func Quote(s string) string {
	count := 0
	for at := range s {
		if count == quotedRunes {
			return strconv.Quote(s[:at]) + "…"
		}
		count++
	}
	return strconv.Quote(s)
}

// Safe makes a foreign text safe for a terminal or a log: on one line, with everything but printable
// characters escaped, shortened to 500 characters and an ellipsis.
func Safe(s string) string {
	var b strings.Builder
	left := shownRunes
	for _, r := range strings.TrimSpace(s) {
		shown := string(r)
		if !unicode.IsPrint(r) {
			shown = strings.Trim(strconv.QuoteRuneToASCII(r), "'")
			left -= len(shown) - 1
		}
		if left--; left < 0 {
			b.WriteString("…")
			break
		}
		b.WriteString(shown)
	}
	return b.String()
}

// Sentence gives a text a full stop and, unless it begins with a name such as a host's or that of Go's
// package in an error of TLS, a capital first letter.
func Sentence(s string) string {
	word, _, _ := strings.Cut(s, " ")
	name := word == "tls:" || word == "x509:" || strings.ContainsAny(strings.TrimRight(word, ".:"), ".:/")
	if first, size := utf8.DecodeRuneInString(s); unicode.IsLower(first) && !name {
		s = string(unicode.ToUpper(first)) + s[size:]
	}
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "…") {
		return s
	}
	return s + "."
}

// Or joins alternatives as in "a, b or c".
func Or[T ~string](items []T) string { return join(items, "or") }

// And joins a list as in "a, b and c".
func And[T ~string](items []T) string { return join(items, "and") }

func join[T ~string](items []T, last string) string {
	var b strings.Builder
	for i, item := range items {
		switch {
		case i == 0:
		case i == len(items)-1:
			b.WriteString(" " + last + " ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(item))
	}
	return b.String()
}
