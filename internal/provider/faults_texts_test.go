package provider_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// hostile is text that would color, beep, and reverse what follows on a terminal.
const hostile = "\x1b[31mred\x1b]0;title\a\x00\u202egnp\u2028end"

// requirePlainText fails if an output contains what a terminal would act on, or is needlessly long.
func requirePlainText(t *testing.T, output string) {
	t.Helper()
	for i, r := range output {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("the output contains %U: %q", r, output[max(0, i-200):min(len(output), i+100)])
			return
		}
	}
	if len(output) > 32<<10 {
		t.Errorf("the output is %d bytes long", len(output))
	}
}

// What a server says is shown escaped and shortened, wherever it is shown.
func TestAccServersTextsAreShownSafely(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	long := strings.Repeat("all work and no play ", 5_000)
	bodies := []struct{ body, says string }{
		{fakeharness.ErrorBody("NO", "A "+hostile+" B", "id-1"), `HTTP 403: A \x1b[31mred\x1b]0;title\a\x00\u202egnp\u2028end B`},
		{fakeharness.ErrorBody("NO", long, "id-1"), "HTTP 403: all work and no play all work"},
		{fakeharness.ErrorBody(hostile, "no", "id-1"), `code: \x1b[31mred\x1b]0;title\a\x00\u202egnp\u2028end`},
		{fakeharness.ErrorBody("NO", "no", hostile+long), `correlationId: \x1b[31mred\x1b]0;title\a\x00\u202egnp\u2028endall work`},
		{hostile + long, "HTTP 403."},
		{`{"status":"FAILURE","errors":[{"fieldId":"\u001b[31m","error":"\u0007\r\n\r\nError: forged"}]}`, `\x1b[31m: \a\r\n\r\nError: forged`},
		{`{"message":"A \u001b[31m\u202e B"}`, `HTTP 403: A \x1b[31m\u202e B`},
	}
	inject := func(call string) {
		fake.ClearFaults()
		for i, b := range bodies {
			fake.Inject(fakeharness.Fault{Call: call, Scope: faultScopes[i], Times: -1, Status: 403, Body: b.body})
		}
	}
	dir := clitest.New(t, oneEach(fake, ""), fake.Env())
	for _, test := range []struct{ call, about string }{
		{"update-config", "Could not set the image override "},
		{"get-customer-config", "Could not read the image override "},
	} {
		inject(test.call)
		result := dir.Run("apply", "-auto-approve")
		for i, b := range bodies {
			requireError(t, result.Output, test.about+target(fake, faultScopes[i]), b.says)
		}
		requirePlainText(t, result.Output)
		fake.ClearFaults()
		dir.Must("apply", "-auto-approve")
	}
}

// What somebody has stored is shown safely, too: by the plan checks, by a refusal to import, and by the CLI.
func TestAccStoredTextsAreShownSafely(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	image := "a/" + hostile + strings.Repeat("b", 100<<10)
	config := func(fields ...string) string {
		var all strings.Builder
		for _, field := range fields {
			all.WriteString("resource \"harnessci_image_override\" \"" + field + "\" {\n  field = \"" + field + "\"\n  value = \"a/b:1\"\n}\n")
		}
		return all.String()
	}
	fake.SetOverride("ci/K8", "gitCloneTag", image)
	dir := clitest.New(t, config("gitCloneTag"), fake.Env())
	output := dir.Must("plan")
	requirePlainText(t, output)
	if !strings.Contains(output, `found:   "a/\\x1b[31mred\\x1b]0;title`) {
		t.Errorf("the existing override is not shown:\n%s", output)
	}

	// Drift: the CLI itself shows the values of attributes.
	dir.Must("apply", "-auto-approve")
	for _, drifted := range []string{"a/" + hostile, "a/b\n" + hostile + "\nc"} {
		fake.SetOverride("ci/K8", "gitCloneTag", drifted)
		requirePlainText(t, dir.Must("plan"))
	}

	fake.SetDefault("ci/K8", "addonTag", image)
	fake.SetDefault("ci/K8", "addon"+hostile+"Tag", "a/b:1")
	dir.Write("main.tf", config("addonTag"))
	result := dir.Run("import", "harnessci_image_override.addonTag", "ci/K8/addonTag")
	requirePlainText(t, result.Output)
	if result.Code != 1 || !strings.Contains(result.Output, `a/\\x1b[31mred\\x1b]0;title`) {
		t.Errorf("the default that runs is not shown:\n%s", result.Output)
	}

	dir.Write("main.tf", config("addonTagg"))
	result = dir.Run("plan")
	requirePlainText(t, result.Output)
	requireError(t, result.Output, "ci/K8 has no field addonTagg", "Did you mean addonTag")
}
