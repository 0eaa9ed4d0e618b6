package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// singleIn returns a configuration of one override of ci/K8, whose module may be an expression.
func singleIn(module string) string {
	return fmt.Sprintf(`
resource "harnessci_image_override" "test" {
  module = %s
  field  = "gcsUploadTag"
  value  = "example.com/gcs:1.0.0"
}
`, module)
}

// late is a module that is unknown until the apply.
const late = `
resource "terraform_data" "module" {
  input = "ci"
}
`

const aSet = `
resource "harnessci_image_overrides" "test" {
  images = { gitCloneTag = "example.com/drone-git:1.0.0" }
}
`

func TestAccSetWithSingleOverridesIsAnError(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]string{
		"known at plan":       aSet + singleIn(`"ci"`),
		"single known late":   late + aSet + singleIn("terraform_data.module.output"),
		"set known late":      late + strings.Replace(aSet, "images", "module = terraform_data.module.output\n  images", 1) + singleIn(`"ci"`),
		"two sets":            aSet + strings.Replace(aSet, "test", "other", 1),
		"a second empty set":  aSet + "resource \"harnessci_image_overrides\" \"other\" {\n  images = {}\n}\n",
		"existing single too": aSet + singleIn(`"ci"`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			dir := clitest.New(t, singleIn(`"ci"`), fake.Env())
			if strings.HasPrefix(name, "existing") {
				dir.Must("apply", "-auto-approve")
				fake.ResetLog()
			}
			dir.Write("main.tf", config)
			result := dir.Run("apply", "-auto-approve")
			if n := strings.Count(result.Output, "Error: "); n != 1 || result.Code != 1 {
				t.Errorf("%d errors and exit code %d, want one and 1:\n%s", n, result.Code, result.Output)
			}
			want := "Single overrides (gcsUploadTag) conflict with an exclusive set that owns all overrides of ci/K8. " +
				"module: ci infra: K8"
			if strings.Contains(name, "set") && !strings.Contains(name, "known") {
				want = "Two exclusive sets own the overrides of ci/K8."
			}
			requireSays(t, strings.ReplaceAll(result.Output, "  field:         gcsUploadTag\n", ""), want)
			if got := fake.Count("writes"); got > 1 || strings.Contains(name, "plan") && got > 0 {
				t.Errorf("%d writes", got)
			}
		})
	}
}

// Single overrides become a set, and a set becomes single overrides, in one apply and in any order: what
// both list stays unchanged.
func TestAccSetAndSingleOverridesTurnIntoEachOther(t *testing.T) {
	t.Parallel()
	for run := range runs(20) {
		fake := startFake(t, fakeharness.Options{Latency: latency})
		images := mirrored(fake, 20)
		singles := overrides(fake, map[string]int{"ci/K8": 20})
		dir := clitest.New(t, singles, fake.Env())
		dir.Must("apply", "-auto-approve")
		requireStored(t, fake, images)

		dir.Write("main.tf", exclusiveSet(images))
		dir.Must("apply", "-auto-approve")
		requireStored(t, fake, images)
		requireEmptyPlan(t, dir)

		dir.Write("main.tf", singles)
		dir.Must("apply", "-auto-approve")
		requireStored(t, fake, images)
		requireEmptyPlan(t, dir)
		if t.Failed() {
			t.Fatalf("run %d", run)
		}
	}
}

// The way that resets nothing, not even for a moment: forget the single overrides, import the set.
func TestAccSetTakesOverSingleOverridesWithoutAWrite(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	images := mirrored(fake, 5)
	dir := clitest.New(t, overrides(fake, map[string]int{"ci/K8": 5}), fake.Env())
	dir.Must("apply", "-auto-approve")
	fake.ResetLog()
	dir.Write("main.tf", exclusiveSet(images)+`
removed {
  from = harnessci_image_override.ci_K8
  lifecycle {
    destroy = false
  }
}
import {
  to = harnessci_image_overrides.test
  id = "ci/K8"
}
`)
	dir.Must("apply", "-auto-approve")
	requireStored(t, fake, images)
	requireCounts(t, fake, 0, 0, 0)
	requireEmptyPlan(t, dir)
}

func TestAccSetImportWritesAConfigurationWhosePlanIsEmpty(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	fake.SetOverride("iacm/VM", "iacmOpenTofu", "example.com/tofu:1.0.0")
	fake.SetOverride("dbops", "mongoTag", "example.com/liquibase:1.0.0-mongo")
	dir := clitest.New(t, `import {
  to = harnessci_image_overrides.test
  id = "iacm/VM"
}
import {
  to = harnessci_image_overrides.none
  id = "VM"
}
import {
  to = harnessci_image_overrides.dbops
  id = "dbops"
}
`, fake.Env())
	dir.Must("plan", "-generate-config-out=generated.tf")
	dir.Must("apply", "-auto-approve")
	requireEmptyPlan(t, dir)
	requireCounts(t, fake, 0, 0, 0)
}
