package harness

import (
	"strconv"
	"strings"
	"unicode"
)

// shownRunes is how many runes of a text from outside are shown.
const shownRunes = 500

// safeText makes a text from outside fit to be shown on a terminal or in a log: on one line,
// everything but printable characters escaped, shortened to shownRunes runes.
func safeText(s string) string {
	s = strings.TrimSpace(s)
	var b strings.Builder
	runes := 0
	for _, r := range s {
		if runes++; runes > shownRunes {
			b.WriteRune('…')
			break
		}
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
	}
	return b.String()
}
