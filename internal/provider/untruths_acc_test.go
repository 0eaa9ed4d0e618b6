package provider_test

import (
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

const (
	sto, stoByHand = "example.com/sto:1.0.0", "example.com/sto:9.9.9"
	gitQuoted      = `"` + gitOlder + `"`
)

// What happens between a plan and its apply, or beside it, is told, and nothing is lost in silence.
func TestAccTheTruthIsTold(t *testing.T) {
	t.Parallel()
	for name, live := range map[string]func(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir){
		"a pin to the default that somebody resets is stored again without a refresh": func(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
			t.Helper()
			pin := map[string]string{"gitCloneTag": `"` + gitDefault + `"`}
			dir.Write("main.tf", exclusiveSet(pin))
			dir.Must("apply", "-auto-approve")
			pin["securityTag"] = `"` + sto + `"`
			dir.Write("main.tf", exclusiveSet(pin))
			fake.RemoveOverride("ci/K8", "gitCloneTag")
			dir.Must("apply", "-auto-approve", "-refresh=false")
			requireStored(t, fake, pin)
			fake.RemoveOverride("ci/K8", "gitCloneTag") // and what was seen is not forgotten
			if result := dir.Run("plan", "-detailed-exitcode"); result.Code != 2 {
				t.Errorf("the plan does not show the loss:\n%s", result.Output)
			}
		},
		"a retired field leaves the state": func(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
			t.Helper()
			fake.SetOverride("ci/K8", "retiredTag", sto)
			dir.Write("main.tf", single("one", "retiredTag", sto))
			dir.Must("import", "harnessci_image_override.one", "ci/K8/retiredTag")
			requireSays(t, dir.Must("destroy", "-auto-approve"), "Warning: Could not reset the image override ci/K8/retiredTag, which leaves the state")
			images := map[string]string{"gitCloneTag": gitQuoted}
			dir.Write("main.tf", exclusiveSet(images))
			output := dir.Must("apply", "-auto-approve")
			requireSays(t, output, "Warning: Could not reset the image override ci/K8/retiredTag, which leaves the state")
			if strings.Contains(unwrapped(output), "stored none of it") {
				t.Errorf("the rest is stored:\n%s", output)
			}
			requireEmptyPlan(t, dir)
			images["securityTag"] = `"` + sto + `"`
			dir.Write("main.tf", exclusiveSet(images))
			dir.Must("apply", "-auto-approve")
			requireEmptyPlan(t, dir)
			dir.Must("destroy", "-auto-approve")
			requireStored(t, fake, map[string]string{"retiredTag": `"` + sto + `"`})
		},
		"an image that somebody changes after the plan stays": func(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
			t.Helper()
			images := map[string]string{"gitCloneTag": gitQuoted, "securityTag": `"` + sto + `"`}
			dir.Write("main.tf", exclusiveSet(images))
			dir.Must("apply", "-auto-approve")
			delete(images, "securityTag")
			dir.Write("main.tf", exclusiveSet(images))
			dir.Must("plan", "-out=saved")
			fake.SetOverride("ci/K8", "securityTag", stoByHand)
			requireSays(t, dir.Must("apply", "saved"), "Warning: Overrides of ci/K8 that no plan has shown were left as they are")
			requireStored(t, fake, map[string]string{"gitCloneTag": gitQuoted, "securityTag": `"` + stoByHand + `"`})
			dir.Must("apply", "-auto-approve")
			requireStored(t, fake, images)
		},
		"a saved update or destroy of somebody's change says so": func(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
			t.Helper()
			dir.Write("main.tf", single("one", "gitCloneTag", gitOlder))
			dir.Must("apply", "-auto-approve")
			dir.Write("main.tf", single("one", "gitCloneTag", gitDefault))
			dir.Must("plan", "-out=saved")
			fake.SetOverride("ci/K8", "gitCloneTag", "example.com/theirs:1")
			requireSays(t, dir.Must("apply", "saved"), "Warning: Somebody had changed ci/K8/gitCloneTag since the plan")
			dir.Must("plan", "-destroy", "-out=saved")
			fake.SetOverride("ci/K8", "gitCloneTag", "example.com/theirs:1")
			requireSays(t, dir.Must("apply", "saved"), "Warning: Somebody had changed ci/K8/gitCloneTag since the plan")
			requireStored(t, fake, nil)
		},
		"a set whose resets have changed says what, in our words": func(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
			t.Helper()
			dir.Write("main.tf", exclusiveSet(map[string]string{"gitCloneTag": gitQuoted}))
			fake.SetOverride("ci/K8", "securityTag", sto)
			dir.Must("plan", "-out=saved")
			fake.RemoveOverride("ci/K8", "securityTag") // the only one vanishes
			fake.ResetLog()
			result := dir.Run("apply", "saved")
			requireSays(t, result.Output, "Error: The overrides of ci/K8 have changed since the plan")
			if result.Code != 1 || fake.Count("writes") > 0 || !strings.Contains(result.Output, "securityTag: "+sto+" was removed") {
				t.Errorf("exit code %d:\n%s", result.Code, result.Output)
			}
			dir.Must("apply", "-auto-approve")
		},
		"a set of unknown images resets nothing that no plan has shown": func(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
			t.Helper()
			fake.SetOverride("ci/K8", "securityTag", sto)
			dir.Write("main.tf", "resource \"terraform_data\" \"git\" {\n  input = { gitCloneTag = "+gitQuoted+" }\n}\n"+
				"resource \"harnessci_image_overrides\" \"test\" {\n  images = terraform_data.git.output\n}\n")
			requireSays(t, dir.Must("apply", "-auto-approve"), "Warning: Overrides of ci/K8 that no plan has shown were left as they are")
			requireStored(t, fake, map[string]string{"gitCloneTag": gitQuoted, "securityTag": `"` + sto + `"`})
			dir.Must("apply", "-auto-approve")
			requireStored(t, fake, map[string]string{"gitCloneTag": gitQuoted})
			requireEmptyPlan(t, dir)
		},
		"a leftover that is destroyed as a target leaves the override to the one that stays": func(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
			t.Helper()
			dir.Write("main.tf", single("old", "gitCloneTag", gitOlder))
			dir.Must("apply", "-auto-approve")
			dir.Write("main.tf", single("new", "gitCloneTag", gitOlder))
			dir.Must("apply", "-auto-approve", "-target=harnessci_image_override.new")
			dir.Must("destroy", "-auto-approve", "-target=harnessci_image_override.old")
			requireStored(t, fake, map[string]string{"gitCloneTag": gitQuoted})
			requireEmptyPlan(t, dir)
		},
		"an id that is known stays known": func(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
			t.Helper()
			dir.Write("main.tf", single("old", "gitCloneTag", gitOlder))
			dir.Must("apply", "-auto-approve")
			renamed := single("new", "gitCloneTag", gitOlder) +
				"resource \"terraform_data\" \"each\" {\n  for_each = { (harnessci_image_override.new.id) = true }\n}\n"
			dir.Write("main.tf", renamed)
			dir.Must("apply", "-auto-approve", "-target=harnessci_image_override.new")
			dir.Must("apply", "-auto-approve")
			requireStored(t, fake, map[string]string{"gitCloneTag": gitQuoted})
			requireEmptyPlan(t, dir)
		},
		"an odd field can be imported and kept in a set": func(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
			t.Helper()
			fake.SetOverride("ci/K8", "odd field/ä", sto)
			dir.Write("main.tf", exclusiveSet(map[string]string{`"odd field/ä"`: `"` + sto + `"`}))
			dir.Must("import", "harnessci_image_overrides.test", "ci/K8")
			requireEmptyPlan(t, dir)
		},
		"a set that becomes single overrides of another alias": func(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
			t.Helper()
			const alias = "provider \"harnessci\" {\n  alias = \"b\"\n}\n"
			images := map[string]string{"gitCloneTag": gitQuoted, "securityTag": `"` + sto + `"`}
			dir.Write("main.tf", exclusiveSet(images))
			dir.Must("apply", "-auto-approve")
			dir.Write("main.tf", alias+single("git", "gitCloneTag", gitOlder, "provider = harnessci.b")+single("sto", "securityTag", sto, "provider = harnessci.b"))
			dir.Must("apply", "-auto-approve")
			requireStored(t, fake, images)
			requireEmptyPlan(t, dir)
		},
		"a data source after a change by another program": func(t *testing.T, _ *fakeharness.Server, dir *clitest.Dir) {
			t.Helper()
			dir.Write("main.tf", "provider \"harnessci\" {\n  alias = \"b\"\n}\n"+
				"data \"harnessci_customer_images\" \"before\" {\n  depends_on = [terraform_data.first]\n}\n"+
				"resource \"terraform_data\" \"first\" {}\n"+
				"resource \"harnessci_image_override\" \"b\" {\n  provider = harnessci.b\n  field = \"gitCloneTag\"\n  value = "+gitQuoted+
				"\n  depends_on = [data.harnessci_customer_images.before]\n}\n"+
				"data \"harnessci_customer_images\" \"after\" {\n  depends_on = [harnessci_image_override.b]\n}\n"+
				"output \"after\" {\n  value = data.harnessci_customer_images.after.images\n}\n")
			dir.Must("apply", "-auto-approve")
			if output := dir.Must("output", "after"); !strings.Contains(output, gitOlder) {
				t.Errorf("the data source is old: %s", output)
			}
			requireEmptyPlan(t, dir)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			live(t, fake, clitest.New(t, "", fake.Env()))
		})
	}
}
