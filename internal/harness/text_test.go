package harness

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSafeText(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", shownRunes)
	for in, want := range map[string]string{
		"":                                "",
		"plain, with ümläuts 漢字 🙂":        "plain, with ümläuts 漢字 🙂",
		" \n trimmed \t":                  "trimmed",
		"two\nlines\r\ttab":               `two\nlines\r\ttab`,
		"\x1b[31mred\x1b[0m":              `\x1b[31mred\x1b[0m`,
		"\x1b]0;title\a":                  `\x1b]0;title\a`,
		"c1 \u009b31m":                    `c1 \u009b31m`,
		"bidi \u202eevil\u2066":           `bidi \u202eevil\u2066`,
		"zero\u200bwidth":                 `zero\u200bwidth`,
		"nul\x00":                         `nul\x00`,
		"'quoted'":                        "'quoted'",
		long:                              long,
		long + "x":                        long + "…",
		strings.Repeat("\x00", 200) + "x": strings.Repeat(`\x00`, shownRunes/4) + "…",
		strings.Repeat("a", 100<<10):      strings.Repeat("a", shownRunes) + "…",
	} {
		if got := safeText(in); got != want {
			t.Errorf("safeText(%.40q) = %q, want %q", in, got, want)
		}
	}
	if got := safeText("bad \xff byte"); !utf8.ValidString(got) {
		t.Errorf("%q is not UTF-8", got)
	}
}
