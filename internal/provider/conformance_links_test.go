package provider_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// handWritten are the pages outside docs/ whose links are checked, too.
var handWritten = []string{
	"README.md", "DESIGN.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "CHANGELOG.md", "BENCHMARKS.md",
}

// ownSite is where an absolute link to this repository begins.
const ownSite = "https://github.com/harnessci/terraform-provider-harnessci/blob/main/"

var (
	link     = regexp.MustCompile(`\]\(([^)#\s]*)(?:#([^)\s]*))?\)`)
	heading  = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
	anchorID = regexp.MustCompile(`<a (?:id|name)="([^"]+)"`)
	linked   = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	fence    = regexp.MustCompile("(?ms)^ *(```+)[^\n]*\n.*?^ *```+ *$")
	inCode   = regexp.MustCompile("`[^`\n]*`")
)

// TestLinksLeadSomewhere follows every link of a page to another one, and to the heading it names.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	const root = "../.."
	pages := textFiles(t, docsDir, ".md")
	for _, name := range handWritten {
		page := filepath.Join(root, name)
		pages[page] = readFile(t, page)
	}
	links, toHeadings := 0, 0
	for page, text := range pages {
		for _, match := range link.FindAllStringSubmatch(inCode.ReplaceAllString(fence.ReplaceAllString(text, ""), ""), -1) {
			file, anchor := page, match[2]
			switch own, ours := strings.CutPrefix(match[1], ownSite); {
			case ours:
				file = filepath.Join(root, own)
			case strings.Contains(match[1], ":"):
				continue
			case match[1] != "":
				file = filepath.Join(filepath.Dir(page), match[1])
			}
			links++
			target, err := os.Stat(file)
			if err != nil {
				t.Errorf("%s: %v", page, err)
				continue
			}
			if anchor == "" {
				continue
			}
			toHeadings++
			if target.IsDir() || !anchors(readFile(t, file))[anchor] {
				t.Errorf("%s: no heading of %s makes the anchor #%s", page, file, anchor)
			}
		}
	}
	if links < 100 || toHeadings < 10 {
		t.Errorf("found %d links, %d of them to headings", links, toHeadings)
	}
}

func TestAnchorsAreThoseOfGitHub(t *testing.T) {
	t.Parallel()
	found := anchors("# From A, to `b_c`!\n\n## [Linked](x.md) & more\n\n## Twice\n## Twice\n\n" +
		"```sh\n# no heading\n```\n\n<a id=\"nestedatt--registries\"></a>\n")
	for _, anchor := range []string{"from-a-to-b_c", "linked--more", "twice", "twice-1", "nestedatt--registries"} {
		if !found[anchor] {
			t.Errorf("no anchor #%s among %v", anchor, found)
		}
	}
	if len(found) != 5 {
		t.Errorf("more anchors than there are: %v", found)
	}
}

// anchors returns what a link to a page may have after "#": of each heading its letters, digits, "-" and "_"
// in lower case with "-" for a space, as GitHub and the registry make them, and what has an id of its own.
func anchors(page string) map[string]bool {
	all := map[string]bool{}
	for _, id := range anchorID.FindAllStringSubmatch(page, -1) {
		all[id[1]] = true
	}
	for _, match := range heading.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, linked.ReplaceAllString(match[1], "$1"))
		first := anchor
		for n := 1; all[anchor]; n++ {
			anchor = first + "-" + strconv.Itoa(n)
		}
		all[anchor] = true
	}
	return all
}

// TestPromisesNameTheirTests checks that each promise of SECURITY.md names the tests that show it, and that they exist.
func TestPromisesNameTheirTests(t *testing.T) {
	t.Parallel()
	tests := new(strings.Builder)
	for _, content := range textFiles(t, "..", "_test.go") {
		tests.WriteString(content)
	}
	_, table, _ := strings.Cut(readFile(t, "../../SECURITY.md"), "|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	promises := strings.Split(table, "\n")
	if len(promises) < 12 {
		t.Errorf("%d promises", len(promises))
	}
	for _, promise := range promises {
		names := regexp.MustCompile("`((Test|Fuzz)\\w+)`").FindAllStringSubmatch(promise, -1)
		if len(names) == 0 {
			t.Errorf("no test shows: %s", promise)
		}
		for _, name := range names {
			if !strings.Contains(tests.String(), "\nfunc "+name[1]+"(") {
				t.Errorf("there is no %s, which shows: %s", name[1], promise)
			}
		}
	}
}
