package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// singleOf returns the configuration of an override, with HCL expressions for its field and value.
func singleOf(field, value string) string {
	return fmt.Sprintf("resource \"harnessci_image_override\" \"x\" {\n  field = %s\n  value = %s\n}\n", field, value)
}

// quotedLine is where a CLI quotes a line of the configuration, which it does whole.
var quotedLine = regexp.MustCompile(`(?m)^ *\d+: .*$`)

// Impossible fields, images and settings are errors on their attribute, or on the provider block where the
// attribute may hold a secret, shown escaped and shortened, and nothing is sent.
func TestAccAbsurdInput(t *testing.T) {
	t.Parallel()
	const field, image = `"gitCloneTag"`, `"harness/drone-git:1.6.9"`
	long := strings.Repeat("a", 10_000)
	setting := func(line string) string {
		return "provider \"harnessci\" {\n  " + line + "\n}\n" + singleOf(field, image)
	}
	set := func(field, image string) string {
		return "resource \"harnessci_image_overrides\" \"x\" {\n  images = {\n    " + field + " = " + image + "\n  }\n}\n"
	}
	for name, test := range map[string]struct {
		config, at, says string // at: the line that the error shows
	}{
		"field with slashes":     {singleOf(`"../../update-config?infra=VM"`, image), "field = ", `The field "../../update-config?infra=VM" does not consist of`},
		"field with a newline":   {singleOf(`"git\nCloneTag"`, image), "field = ", `The field "git\nCloneTag" does not consist`},
		"field of 10,000":        {singleOf(`"`+long+`"`, image), "field = ", `a"… does not consist of 1 to 128 letters`},
		"field in Unicode":       {singleOf(`"gitClöneTag"`, image), "field = ", `The field "gitClöneTag" does not consist`},
		"field with escapes":     {singleOf(`"\u001b[31m\u202e"`, image), "field = ", `The field "\x1b[31m\u202e" does not consist`},
		"empty field":            {singleOf(`""`, image), "field = ", `The field "" does not consist`},
		"image of 10,000":        {singleOf(field, `"`+long+`"`), "value = ", "Invalid image reference"},
		"image with a newline":   {singleOf(field, `"a/b:1\n"`), "value = ", "Invalid image reference"},
		"image in Unicode":       {singleOf(field, `"harness/dr\u043ene-git:1"`), "value = ", "Invalid image reference"},
		"image with escapes":     {singleOf(field, `"\u001b[31m/b:1"`), "value = ", "Invalid image reference"},
		"empty image":            {singleOf(field, `""`), "value = ", "Invalid image reference"},
		"blank image":            {singleOf(field, `" "`), "value = ", "Invalid image reference"},
		"infra of 10,000":        {strings.Replace(singleOf(field, image), "field", "infra = \""+long+"\"\n  field", 1), "infra = ", `The infra is one of "K8", "VM", "ECS", not "aaaa`},
		"empty account":          {setting(`account_id = ""`), `provider "harnessci" {`, "The value is an empty string."},
		"account with slashes":   {setting(`account_id = "a/../b"`), `provider "harnessci" {`, "Invalid provider configuration: account_id"},
		"account with a query":   {setting(`account_id = "a&infra=VM"`), `provider "harnessci" {`, "Invalid provider configuration: account_id"},
		"endpoint and user info": {setting(`endpoint = "https://me:hunter2@127.0.0.1/gateway"`), `provider "harnessci" {`, "contains a user name or password"},
		"endpoint and query":     {setting(`endpoint = "https://127.0.0.1/gateway?a=b"`), `provider "harnessci" {`, "has a query"},
		"endpoint and newline":   {setting(`endpoint = "https://127.0.0.1/\ngateway"`), `provider "harnessci" {`, "is not a URL"},
		"set with a newline":     {set(`"git\nCloneTag"`, `"a:1"`), `= "a:1"`, `"git\nCloneTag" is blank or contains control characters`},
		"set of 10,000":          {set(`"`+long+`"`, `"a:1"`), `= "a:1"`, `a"… with harnessci_image_overrides.x`},
		"set with null":          {set("a", "null"), "a = null", "The image of a is null"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			result := clitest.New(t, test.config, fake.Env()).Run("plan")
			if result.Code != 1 || len(diagnosticsOf(result.Output)) == 0 {
				t.Fatalf("exit code %d:\n%s", result.Code, result.Output)
			}
			requireError(t, result.Output, "Error: ", test.says, test.at)
			requirePlainText(t, quotedLine.ReplaceAllString(result.Output, ""))
			// An odd image, or field of a set, may already be stored, which only a read can tell.
			reads := strings.Contains(name, "image") || name == "set of 10,000"
			if n := fake.Count(""); n != 0 && !reads || fake.Count("writes") != 0 {
				t.Errorf("%d requests were sent", n)
			}
		})
	}
}

// What is known only at apply is checked there, before anything is sent.
func TestAccAbsurdInputThatIsKnownAtApply(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ config, says string }{
		"image": {singleOf(`"gitCloneTag"`, "terraform_data.late.output"), "Invalid image reference"},
		"field": {singleOf("terraform_data.late.output", `"a:1"`), `The field "a b\n" does not consist`},
		"set":   {"resource \"harnessci_image_overrides\" \"x\" {\n  images = { gitCloneTag = terraform_data.late.output }\n}\n", "Invalid image reference"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			late := "resource \"terraform_data\" \"late\" {\n  input = \"a b\\n\"\n}\n"
			dir := clitest.New(t, late+test.config, fake.Env())
			dir.Must("plan")
			requireError(t, dir.Run("apply", "-auto-approve").Output, "Error: ", test.says)
			if n := fake.Count("writes"); n != 0 {
				t.Errorf("%d writes were sent", n)
			}
		})
	}
}
