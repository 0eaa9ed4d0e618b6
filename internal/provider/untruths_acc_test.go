package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
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
		"nor does a set whose account or infra is not known at plan": func(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
			t.Helper()
			late := func(name, value string) string {
				return fmt.Sprintf("resource \"terraform_data\" %q {\n  input = %q\n}\n", name, value)
			}
			images := map[string]string{"gitCloneTag": gitQuoted}
			for name, config := range map[string]string{
				"infra":   late("infra", "K8") + strings.Replace(exclusiveSet(images), "images", "infra = terraform_data.infra.output\n  images", 1),
				"account": late("account", "test-account") + "provider \"harnessci\" {\n  account_id = terraform_data.account.output\n}\n" + exclusiveSet(images),
			} {
				for _, args := range [][]string{{"apply", "-auto-approve"}, {"apply", "saved"}} {
					fake.RemoveOverride("ci/K8", "gitCloneTag")
					fake.SetOverride("ci/K8", "securityTag", sto)
					_ = os.Remove(dir.Path("terraform.tfstate"))
					dir.Write("main.tf", config)
					if args[1] == "saved" {
						dir.Must("plan", "-out=saved")
					}
					output := dir.Must(args...)
					requireSays(t, output, "Warning: Overrides of ci/K8 that no plan has shown were left as they are")
					if strings.Contains(unwrapped(output), "resets 1 existing override") {
						t.Errorf("%s: it says the opposite, too:\n%s", name, output)
					}
					requireStored(t, fake, map[string]string{"gitCloneTag": gitQuoted, "securityTag": `"` + sto + `"`})
					if plan := dir.Must("plan"); !strings.Contains(plan, "- "+`"securityTag"`) && !strings.Contains(plan, `"securityTag" = "`+sto) {
						t.Errorf("%s: the next plan does not show the reset:\n%s", name, plan)
					}
				}
			}
			dir.Must("apply", "-auto-approve")
			requireStored(t, fake, images)
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
		"an odd field is in a generated configuration": func(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
			t.Helper()
			fake.SetOverride("ci/K8", "odd field/ä", sto)
			dir.Write("main.tf", "import {\n  to = harnessci_image_overrides.test\n  id = \"ci/K8\"\n}\n")
			dir.Must("plan", "-generate-config-out=generated.tf")
			requireSays(t, dir.Must("apply", "-auto-approve"), "1 imported, 0 added, 0 changed, 0 destroyed")
			requireEmptyPlan(t, dir)
		},
		"a server that stores another spelling is named as such": func(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
			t.Helper()
			fake.Tune(func(o *fakeharness.Options) {
				o.Respell = func(image string) string { return strings.TrimPrefix(image, "docker.io/") }
			})
			dir.Write("main.tf", single("one", "gitCloneTag", "docker.io/"+gitOlder))
			requireError(t, dir.Run("apply", "-auto-approve").Output, "Could not set the image override ci/K8/gitCloneTag",
				"and each time the server stored it as "+gitQuoted, "Write the image in the configuration as the server stores it.")
			if n := fake.Count("writes"); n < 1 || n > 6 {
				t.Errorf("%d writes", n)
			}
			dir.Write("main.tf", single("one", "gitCloneTag", gitOlder))
			dir.Must("apply", "-auto-approve")
			requireEmptyPlan(t, dir)
		},
		"without a home, runs wait for each other in the temporary folder": func(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
			t.Helper()
			temporary, err := os.MkdirTemp("", "") //nolint:usetesting // a short one: it has sockets, too
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(temporary) })
			const alone = "Warning: Runs on this machine do not wait for each other"
			for name, value := range map[string]string{"HOME": os.DevNull, "XDG_CACHE_HOME": "", "TMPDIR": temporary} {
				dir.Setenv(name, value)
			}
			dir.Write("main.tf", single("one", "gitCloneTag", gitOlder))
			if output := dir.Must("apply", "-auto-approve"); strings.Contains(output, alone) {
				t.Errorf("a lock can be used:\n%s", output)
			}
			folder := filepath.Join(temporary, fmt.Sprintf("terraform-provider-harnessci-%d", os.Getuid()))
			if locks, err := filepath.Glob(filepath.Join(folder, "*[0-9a-f].lock")); err != nil || len(locks) != 1 {
				t.Errorf("locks %v, %v", locks, err)
			}
			if err := os.RemoveAll(folder); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(t.TempDir(), folder); err != nil {
				t.Fatal(err)
			}
			requireSays(t, dir.Must("apply", "-auto-approve", "-replace=harnessci_image_override.one"), alone)
			requireStored(t, fake, map[string]string{"gitCloneTag": gitQuoted})
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
		"a leftover of another alias leaves the override to the one that stays": func(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
			t.Helper()
			const alias = "provider \"harnessci\" {\n  alias = \"b\"\n}\n"
			for _, left := range []string{"old", "new"} { // the rename is finished, or taken back
				configs := map[string]string{
					"old": alias + single("old", "gitCloneTag", gitOlder, "provider = harnessci.b"),
					"new": alias + single("new", "gitCloneTag", gitOlder),
				}
				dir.Write("main.tf", configs["old"])
				dir.Must("apply", "-auto-approve")
				dir.Write("main.tf", configs["new"])
				dir.Must("apply", "-auto-approve", "-target=harnessci_image_override.new")
				stays := map[string]string{"old": "new", "new": "old"}[left]
				dir.Write("main.tf", configs[stays])
				dir.Must("apply", "-auto-approve")
				requireStored(t, fake, map[string]string{"gitCloneTag": gitQuoted})
				requireEmptyPlan(t, dir)
				dir.Write("main.tf", configs["new"])
				dir.Must("apply", "-auto-approve", "-target=harnessci_image_override.new")
				dir.Must("destroy", "-auto-approve")
				requireStored(t, fake, nil)
			}
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
			live(t, fake, alone(t, clitest.New(t, "", fake.Env())))
		})
	}
}
