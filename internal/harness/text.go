package harness

import (
	"strconv"
	"strings"
	"unicode"
)

// shownRunes is how many runes of a text from outside are shown, escapes included.
const shownRunes = 500

// safeText makes a text from outside fit to be shown on a terminal or in a log: on one line,
// everything but printable characters escaped, shortened to shownRunes runes and an ellipsis.
func safeText(s string) string {
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
