package provider_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// TestAccPolicyJudgesRealPlans gives the policy what a CLI prints for a hostile configuration; its own tests have
// every attack on what such a plan may look like.
func TestAccPolicyJudgesRealPlans(t *testing.T) {
	t.Parallel()
	opa := os.Getenv("HARNESSCI_TEST_OPA")
	if opa == "" {
		t.Skip("make test-policy sets HARNESSCI_TEST_OPA")
	}
	const pinned = "registry.example.com/harness/drone-git:1.6.8-rootless"
	override := func(value string) string {
		return "resource \"harnessci_image_override\" \"a\" {\n  field = \"gitCloneTag\"\n  value = " + value + "\n}\n"
	}
	connector := func(url string) string {
		return "resource \"harnessci_image_connector\" \"a\" {\n  url = \"" + url + "\"\n}\n"
	}
	for name, test := range map[string]struct {
		config  string
		destroy bool
		denies  string // "" if it is allowed
	}{
		"allowed":           {config: override(`"` + pinned + `"`)},
		"nothing to do":     {config: "output \"a\" { value = 1 }\n"},
		"another registry":  {config: override(`"docker.io/evil/drone-git:1.6.8"`), denies: "is not from an allowed place"},
		"moves":             {config: override(`"registry.example.com/harness/drone-git:latest-0.0"`), denies: "so it moves"},
		"unknown":           {config: override(`"docker.io/evil/${terraform_data.a.id}:1.0"`) + "resource \"terraform_data\" \"a\" {}\n", denies: "does not know its value yet"},
		"an unknown set":    {config: "resource \"terraform_data\" \"a\" {}\nresource \"harnessci_image_overrides\" \"a\" {\n  images = { gitCloneTag = \"evil/a:${terraform_data.a.id}\" }\n}\n", denies: "does not know its images"},
		"an unknown URL":    {config: connector("https://${terraform_data.a.id}") + "resource \"terraform_data\" \"a\" {}\n", denies: "does not know its url yet"},
		"http":              {config: connector("http://registry.example.com"), denies: "is not an allowed registry"},
		"another connector": {config: connector("https://registry.example.com.evil.test"), denies: "is not an allowed registry"},
		"a destroy":         {config: connector("https://registry.example.com"), destroy: true, denies: "a destroy restores "},
		"an untested one":   {config: strings.Replace(connector("https://registry.example.com"), "url", "test_connection = false\n  url", 1), denies: "turns the test"},
		"a destroy that keeps": {
			config:  strings.Replace(connector("https://registry.example.com"), "url", "on_destroy = \"keep\"\n  url", 1),
			destroy: true,
		},
		"a set that resets": {config: "resource \"harnessci_image_overrides\" \"a\" {\n  images = { gitCloneTag = \"" + pinned + "\" }\n}\n", denies: "removes 6 overrides at once"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			dir := example{name: "complete/policy"}.workspace(t, fake)
			dir.Write("main.tf", test.config)
			if name == "a set that resets" {
				for _, field := range fake.Settable("ci/K8")[:6] {
					fake.SetOverride("ci/K8", field, "registry.example.com/a:1.0.0")
				}
				fake.RemoveOverride("ci/K8", "gitCloneTag")
			}
			args := []string{"plan", "-out=plan.bin"}
			if test.destroy {
				dir.Must("apply", "-auto-approve")
				args = append(args, "-destroy")
			}
			dir.Must(args...)
			dir.Write("plan.json", dir.Must("show", "-json", "plan.bin"))
			dir.Write("images.rego", readExample(t, "complete", "policy", "images.rego"))
			ask := func(query string) (string, error) {
				cmd := exec.CommandContext(t.Context(), opa, "eval", "--fail", "--format=pretty", "--data", dir.Path("images.rego"), "--input", dir.Path("plan.json"), query) //nolint:gosec // the real one
				out, err := cmd.CombinedOutput()
				return string(out), err
			}
			why, err := ask("data.harness.images.deny")
			if err != nil || !strings.Contains(why, test.denies) {
				t.Errorf("%v, want %q:\n%s", err, test.denies, why)
			}
			if _, err := ask("data.harness.images.allow"); (err == nil) != (test.denies == "") {
				t.Errorf("allowed: %v, because of:\n%s", err == nil, why)
			}
		})
	}
}
