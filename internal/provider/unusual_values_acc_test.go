package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// An id may be empty, such as from an unset variable in a script.
func TestAccImportOfAnEmptyIDIsAPlainError(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	dir := clitest.New(t, single("one", "gitCloneTag", gitOlder)+gitSet, fake.Env())
	for address, says := range map[string]string{
		"harnessci_image_override.one":  "The id of an override is module/infra/field",
		"harnessci_image_overrides.all": "The id of a set of overrides is module/infra",
	} {
		result := dir.Run("import", address, "")
		if output := unwrapped(result.Output); result.Code != 1 || !strings.Contains(output, says) || strings.Contains(output, "error in the provider") {
			t.Errorf("%s: exit code %d:\n%s", address, result.Code, result.Output)
		}
	}
}

// The API stores any text. An existing odd value can be imported with a generated configuration, kept and
// replaced; no new one can be set.
func TestAccAStoredValueThatIsNotAnImageCanBeImportedAndKept(t *testing.T) {
	t.Parallel()
	const odd = "Not An Image: 1"
	fake := startFake(t, fakeharness.Options{})
	fake.SetOverride("ci/K8", "gitCloneTag", odd)
	fake.SetOverride("ci/VM", "gitCloneTag", odd)
	dir := clitest.New(t, importOf("one")+"import {\n  to = harnessci_image_overrides.vm\n  id = \"VM\"\n}\n", fake.Env())
	dir.Must("plan", "-generate-config-out=generated.tf")
	dir.Must("validate")
	dir.Must("apply", "-auto-approve")
	requireEmptyPlan(t, dir)
	if n := fake.Count("writes"); n != 0 {
		t.Errorf("%d writes", n)
	}
	generated := dir.Read("generated.tf")
	dir.Write("generated.tf", strings.ReplaceAll(generated, odd, odd+"2"))
	if result := dir.Run("plan"); result.Code != 1 || strings.Count(result.Output, "Invalid image reference for") != 2 {
		t.Errorf("another such value, exit code %d:\n%s", result.Code, result.Output)
	}
	dir.Write("generated.tf", strings.ReplaceAll(generated, odd, gitOlder))
	dir.Must("apply", "-auto-approve")
	requireEmptyPlan(t, dir)
}

// Some fields are called …Tag, so people write a tag.
func TestAccATagInPlaceOfAnImageIsRefusedWithTheImage(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	for _, config := range []string{
		single("one", "gitCloneTag", "1.6.8-rootless"),
		strings.Replace(gitSet, gitOlder, "1.6.8-rootless", 1),
	} {
		dir := clitest.New(t, config, fake.Env())
		requirePlanError(t, fake, dir, "Did you mean harness/drone-git:1.6.8-rootless?")
	}
}

// The defaults list fields that cannot be set.
func TestAccAListedFieldThatCannotBeSetIsReported(t *testing.T) {
	t.Parallel()
	const vm = "resource \"harnessci_image_overrides\" \"vm\" {\n  infra = \"VM\"\n  images = {\n    gitCloneTag = \"" + gitOlder +
		"\"\n    slsaVerificationTag = \"harness/slsa-plugin:0.39.0\"\n  }\n}\n"
	for _, status := range []int{http.StatusBadRequest, http.StatusInternalServerError} {
		for _, config := range []string{single("one", "slsaVerificationTag", "harness/slsa-plugin:0.39.0", `infra = "VM"`), vm} {
			want := "refuses to set it, although its defaults list the field"
			if status == http.StatusInternalServerError && config != vm { // an outage says the same while no neighbour gets through
				want = "when it is unavailable, and also when it refuses a field or an image"
			}
			fake := startFake(t, fakeharness.Options{BadFieldStatus: status})
			dir := clitest.New(t, impatient+config, fake.Env())
			result := dir.Run("apply", "-auto-approve")
			if result.Code != 1 || !strings.Contains(unwrapped(result.Output), want) {
				t.Errorf("HTTP %d, exit code %d:\n%s", status, result.Code, result.Output)
			}
		}
	}
}
