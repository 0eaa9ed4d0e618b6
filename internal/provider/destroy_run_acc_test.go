package provider_test

import (
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// A destroy plans first, even resources that do not exist yet. Errors there do not stop it.
func TestAccADestroyIsNotBlockedByWhatItDoesNotDestroy(t *testing.T) {
	t.Parallel()
	one := single("one", "gitCloneTag", gitOlder)
	for name, wrong := range map[string]string{
		"a field that does not exist": single("wrong", "gitClownTag", gitOlder),
		"a second resource":           single("second", "gitCloneTag", gitOlder),
	} {
		for _, command := range []string{"destroy -auto-approve", "apply -destroy -auto-approve"} {
			t.Run(name+"/"+command, func(t *testing.T) {
				t.Parallel()
				fake := startFake(t, fakeharness.Options{})
				dir := clitest.New(t, one, fake.Env())
				dir.Must("apply", "-auto-approve")
				dir.Write("main.tf", one+wrong)
				if result := dir.Run("plan"); result.Code != 1 {
					t.Errorf("the plan passes:\n%s", result.Output)
				}
				output := dir.Must(strings.Fields(command)...)
				if left := fake.Overrides("ci/K8"); len(left) > 0 {
					t.Errorf("left %v:\n%s", left, output)
				}
			})
		}
	}
}
