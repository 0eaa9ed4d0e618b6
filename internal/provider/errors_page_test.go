package provider

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

func errorsPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../templates/guides/errors.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// sources returns the Go files of packages, without their tests.
func sources(t *testing.T, packages ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, folder := range packages {
		files, _ := filepath.Glob(filepath.Join(folder, "*.go"))
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			content, err := os.ReadFile(file) //nolint:gosec // of this repository
			if err != nil {
				t.Fatal(err)
			}
			found[file] = string(content)
		}
	}
	return found
}

func TestEveryHeadingHasAnAnchorOfItsOwn(t *testing.T) {
	t.Parallel()
	page := errorsPage(t)
	seen := map[string]bool{}
	for _, heading := range anchored.FindAllStringSubmatch(page, -1) {
		if seen[heading[1]] {
			t.Errorf("two headings have the anchor %s", heading[1])
		}
		seen[heading[1]] = true
	}
	if headings := strings.Count(page, "\n### "); headings != len(seen) || headings < 120 {
		t.Errorf("%d of %d headings have an anchor: <a id=\"…\"></a> on the line before", len(seen), headings)
	}
}

// TestExplainedMessagesExist fails if a heading explains a message that no longer exists.
func TestExplainedMessagesExist(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, content := range sources(t, ".", "../connector", "../execconfig", "../harness", "../owners", "../pulls", "../registry") {
		all.WriteString(content)
	}
	elsewhere := map[string]string{ // said by the CLI, the framework or Harness, or put together
		"Provider produced inconsistent final plan": "", ".resets: new element": "", "No secret exists": "",
		"Missing Configuration for Required Attribute": "",
	}
	status := regexp.MustCompile(`^HTTP \d+$`)
	for _, topic := range parseTopics(errorsPage(t)) {
		for _, says := range topic.says {
			says = strings.TrimLeft(strings.TrimPrefix(status.ReplaceAllString(says, "HTTP %d"), "Could not "), ":, ")
			if _, known := elsewhere[says]; !known && !strings.Contains(all.String(), says) {
				t.Errorf("the page of errors explains %q, and nothing says %q", topic.id, says)
			}
		}
	}
}

// Where a diagnostic gets its title from a literal.
var (
	titled = regexp.MustCompile(`(?:(?:New|Add)(?:Warning|Error)(?:Diagnostic)?\(|(?:New|Add)Attribute(?:Warning|Error)(?:Diagnostic)?\(\s*[^,]+,)\s*(?:fmt\.Sprintf\(\s*)?"([^"\\]*)"` +
		`|cause\{\s*(?:summary:\s*)?(?:fmt\.Sprintf\()?"([^"\\]*)"`)
	operation = regexp.MustCompile(`(?:failure|stopped)\("([^"]*)"`)
	verb      = regexp.MustCompile(`%\S`)
)

// TestEveryMessageHasAnAddress fails if a diagnostic's title has no heading on the page of errors. Acceptance tests
// fail for any diagnostic that has none.
func TestEveryMessageHasAnAddress(t *testing.T) {
	t.Parallel()
	topics := parseTopics(errorsPage(t))
	found := 0
	for path, content := range sources(t, ".") {
		var titles []string
		for _, match := range titled.FindAllStringSubmatch(content, -1) {
			titles = append(titles, match[1]+match[2])
		}
		for _, match := range operation.FindAllStringSubmatch(content, -1) {
			titles = append(titles, "Could not "+match[1])
		}
		for _, title := range titles {
			found++
			said := verb.ReplaceAllString(title, "x") + " x"
			begins := strings.TrimSpace(verb.Split(title, 2)[0]) // it may be put together from parts
			if address(topics, &tfprotov6.Diagnostic{Summary: said}) == "" && !slices.ContainsFunc(topics, func(one topic) bool {
				return strings.HasPrefix(one.says[0], begins)
			}) {
				t.Errorf("%s says %q, and the page of errors has no heading for it", path, title)
			}
		}
	}
	if found < 80 {
		t.Errorf("only %d titles were found", found)
	}
}

func TestDiagnosticsEndWithTheirAddress(t *testing.T) {
	t.Parallel()
	server := serve(New("test")(), errorsPage(t))
	for name, test := range map[string]struct {
		summary, detail string
		warning         bool
		id              string
	}{
		"a title":            {summary: "Invalid destination", detail: "x", id: "invalid-destination"},
		"with a subject":     {summary: "Could not delete the image copy registry.example.com/a:1", detail: "x", id: "could-not-delete-the-image-copy"},
		"its reason":         {summary: "Could not set the image override ci/K8/addonTag", detail: "cancelled before the write was sent: x", id: "cancelled-before-the-write-was-sent"},
		"its reason's kind":  {summary: "Could not copy the image a:1", detail: "a:1: denied (HTTP 401 from x)", id: "denied"},
		"an answer":          {summary: "Could not read the image override ci/K8/addonTag", detail: "app.harness.io answered get-customer-config with HTTP 503.", id: "answered-http-50"},
		"a later paragraph":  {summary: "Invalid destination", detail: "x\n\na:1: denied", id: "invalid-destination"},
		"a warning's detail": {summary: "Invalid destination", detail: "a:1: denied", warning: true, id: "invalid-destination"},
		"unknown":            {summary: "x", detail: "y"},
		"inside":             {summary: "ci/K8 has no field gitCloneTags", detail: "y", id: "has-no-field"},
		"not at the start":   {summary: "x Invalid destination", detail: "y"},
	} {
		d := &tfprotov6.Diagnostic{Severity: tfprotov6.DiagnosticSeverityError, Summary: test.summary, Detail: test.detail}
		if test.warning {
			d.Severity = tfprotov6.DiagnosticSeverityWarning
		}
		want := test.detail + "\n\n" + errorsURL
		if test.id != "" {
			want += "#" + test.id
		}
		if server.explain(d); d.Detail != want {
			t.Errorf("%s: it ends with %q, want %q", name, d.Detail[len(test.detail):], want[len(test.detail):])
		}
	}
	if d := (&tfprotov6.Diagnostic{Summary: "x: z gave no answer, as explained for y"}); true {
		if server.explain(d); d.Detail != "" {
			t.Errorf("a diagnostic that refers to another one has the detail %q", d.Detail)
		}
	}
}
