package text

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestSafeTextIsOneLineWithoutControlCharacters(t *testing.T) {
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
		if got := Safe(in); got != want {
			t.Errorf("Safe(%.40q) = %q, want %q", in, got, want)
		}
	}
	if got := Safe("bad \xff byte"); !utf8.ValidString(got) {
		t.Errorf("%q is not UTF-8", got)
	}
}

func TestQuotedValuesAreEscapedAndShort(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                       `""`,
		"a b":                    `"a b"`,
		"\x1b[31m\u202e\n":       `"\x1b[31m\u202e\n"`,
		strings.Repeat("é", 80):  `"` + strings.Repeat("é", 80) + `"`,
		strings.Repeat("é", 81):  `"` + strings.Repeat("é", 80) + `"…`,
		strings.Repeat("a", 1e6): `"` + strings.Repeat("a", 80) + `"…`,
	} {
		if got := Quote(in); got != want {
			t.Errorf("Quote(%.40q) = %s, want %s", in, got, want)
		}
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                 "",
		"the server fell":  "The server fell.",
		"it ended.":        "It ended.",
		"it goes on…":      "It goes on…",
		"élan":             "Élan.",
		`"quoted" is odd`:  `"quoted" is odd.`,
		"\xff\xfe no utf8": "\xff\xfe no utf8.",
		"h.example:8 fell": "h.example:8 fell.",
		"ci/K8: it fell":   "ci/K8: it fell.",
		"so: it fell":      "So: it fell.",
		"x509: no trust":   "x509: no trust.",
		"tls: no trust":    "tls: no trust.",
	} {
		if got := Sentence(in); got != want {
			t.Errorf("Sentence(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestListsReadAsProse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		items   []string
		or, and string
	}{
		{nil, "", ""},
		{[]string{"a"}, "a", "a"},
		{[]string{"a", "b"}, "a or b", "a and b"},
		{[]string{"a", "b", "c"}, "a, b or c", "a, b and c"},
	} {
		if got := Or(test.items); got != test.or {
			t.Errorf("Or(%v) = %q", test.items, got)
		}
		if got := And(test.items); got != test.and {
			t.Errorf("And(%v) = %q", test.items, got)
		}
	}
}

func FuzzWhatIsShownIsPrintable(f *testing.F) {
	f.Add("a\x1b[31m\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range []string{Safe(s), Quote(s)} {
			if strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) || utf8.RuneCountInString(got) > 2*shownRunes {
				t.Errorf("%q shows %q", s, got)
			}
		}
	})
}
