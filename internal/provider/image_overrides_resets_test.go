package provider_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// requireResets fails unless a saved plan's one set says that these overrides are reset.
func requireResets(t *testing.T, dir *clitest.Dir, saved string, want map[string]string) {
	t.Helper()
	var plan struct {
		Changes []struct {
			Type   string `json:"type"`
			Change struct {
				After struct {
					Resets map[string]string `json:"resets"`
				} `json:"after"`
			} `json:"change"`
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(dir.Must("show", "-json", saved)), &plan); err != nil {
		t.Fatal(err)
	}
	for _, change := range plan.Changes {
		if got := change.Change.After.Resets; change.Type == "harnessci_image_overrides" && (got == nil || !maps.Equal(got, want)) {
			t.Errorf("the plan resets %v, want %v", got, want)
		}
	}
}

// alone lets a folder remember nothing of the sets that other tests have planned without an account or infra: one with
// the same images may be the folder's own.
func alone(t *testing.T, dir *clitest.Dir) *clitest.Dir {
	t.Helper()
	dir.Setenv("XDG_CACHE_HOME", t.TempDir())
	return dir
}

// The CLI plans a create again in the apply, and passes on nothing from the saved plan.
func TestAccSetIsNotCreatedOverWhatIsAddedAfterThePlan(t *testing.T) {
	t.Parallel()
	for name, existing := range map[string]map[string]string{
		"no override": {},
		"an override": {"securityTag": "example.com/sto:1.0.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			for field, image := range existing {
				fake.SetOverride("ci/K8", field, image)
			}
			images := map[string]string{"gitCloneTag": `"example.com/drone-git:1.0.0"`}
			dir := alone(t, clitest.New(t, exclusiveSet(images), fake.Env()))
			dir.Must("plan", "-out=saved")
			requireResets(t, dir, "saved", existing)
			fake.SetOverride("ci/K8", "gcsUploadTag", "example.com/gcs:1.0.0")
			refused := dir.Run("apply", "saved")
			requireError(t, refused.Output, "The overrides of ci/K8 have changed since the plan",
				"gcsUploadTag: example.com/gcs:1.0.0 was added Nothing was written. Plan again.")
			requireSays(t, refused.Output, "if an override is added or removed before the apply, the set is not created")
			if refused.Code != 1 {
				t.Errorf("exit code %d", refused.Code)
			}
			requireCounts(t, fake, 0, 0, 0)

			dir.Must("plan", "-out=saved")
			shown := maps.Clone(existing)
			shown["gcsUploadTag"] = "example.com/gcs:1.0.0"
			requireResets(t, dir, "saved", shown)
			dir.Must("apply", "saved")
			requireStored(t, fake, images)
			requireEmptyPlan(t, dir)
		})
	}
}

// What the same apply has reset before the set was shown as reset, and counts as such.
func TestAccSetIsCreatedAfterTheSinglesThatItReplaces(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]fakeharness.Options{
		"a server that lists defaults": {},
		"a server that hides them":     {HideDefaults: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, opts)
			// The hinge depends on no single, but is destroyed after them and created before the set.
			hinge := "resource \"terraform_data\" \"hinge\" {\n  triggers_replace = 1\n}\n"
			singles := "resource \"harnessci_image_override\" \"single\" {\n" +
				"  for_each   = { securityTag = \"example.com/sto:1.0.0\", gitCloneTag = \"" + gitDefault + "\" }\n" +
				"  field      = each.key\n  value      = each.value\n  depends_on = [terraform_data.hinge]\n}\n"
			dir := alone(t, clitest.New(t, hinge+singles, fake.Env()))
			dir.Must("apply", "-auto-approve")
			set := strings.Replace(exclusiveSet(map[string]string{"gcsUploadTag": `"example.com/gcs:1.0.0"`}),
				"  images", "  depends_on = [terraform_data.hinge]\n  images", 1)
			dir.Write("main.tf", strings.Replace(hinge, "= 1", "= 2", 1)+set)
			output := dir.Must("apply", "-auto-approve")
			if strings.Index(output, "single[\"gitCloneTag\"]: Destruction complete") > strings.Index(output, "test: Creating") {
				t.Fatalf("the set was not created after the singles:\n%s", output)
			}
			requireStored(t, fake, map[string]string{"gcsUploadTag": `"example.com/gcs:1.0.0"`})
			requireEmptyPlan(t, dir)
		})
	}
}

// A replaced set resets what it gives up in its destroy, and everything else in its create.
func TestAccSetIsReplacedAsPlanned(t *testing.T) {
	t.Parallel()
	for name, lifecycle := range map[string]string{
		"destroyed first": "",
		"created first":   "  lifecycle {\n    create_before_destroy = true\n  }\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			config := func(images map[string]string) string {
				return strings.Replace(exclusiveSet(images), "  images", lifecycle+"  images", 1)
			}
			dir := alone(t, clitest.New(t, config(mirrored(fake, 4)), fake.Env()))
			dir.Must("apply", "-auto-approve")
			fake.SetOverride("ci/K8", "securityTag", "example.com/sto:1.0.0")
			dir.Write("main.tf", config(mirrored(fake, 2)))
			dir.Must("apply", "-auto-approve", "-replace=harnessci_image_overrides.test")
			requireStored(t, fake, mirrored(fake, 2))
			requireEmptyPlan(t, dir)
		})
	}
}

// What an update resets follows from the state, so later changes do not affect it.
func TestAccSetUpdateShowsWhatItResets(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	dir := alone(t, clitest.New(t, exclusiveSet(mirrored(fake, 3)), fake.Env()))
	dir.Must("apply", "-auto-approve")
	fake.SetOverride("ci/K8", "securityTag", "example.com/sto:1.0.0")
	dir.Must("plan", "-out=saved")
	requireResets(t, dir, "saved", map[string]string{"securityTag": "example.com/sto:1.0.0"})
	fake.SetOverride("ci/K8", "gcsUploadTag", "example.com/gcs:1.0.0")
	dir.Must("apply", "saved")
	dir.Must("plan", "-out=saved")
	requireResets(t, dir, "saved", map[string]string{"gcsUploadTag": "example.com/gcs:1.0.0"})
	dir.Must("apply", "saved")
	requireStored(t, fake, mirrored(fake, 3))
	requireEmptyPlan(t, dir)
}

// Older states do not have the attribute.
func TestAccSetOfAnOlderStateHasAnEmptyPlan(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	dir := alone(t, clitest.New(t, exclusiveSet(mirrored(fake, 2)), fake.Env()))
	dir.Must("apply", "-auto-approve")
	older := strings.Replace(dir.State(), `"resets": {}`, `"id": "ci/K8"`, 1)
	if older == dir.State() {
		t.Fatalf("the state has no resets:\n%s", older)
	}
	dir.Write("terraform.tfstate", older)
	requireEmptyPlan(t, dir)
	dir.Write("main.tf", exclusiveSet(mirrored(fake, 1)))
	dir.Must("apply", "-auto-approve")
	requireStored(t, fake, mirrored(fake, 1))
	requireEmptyPlan(t, dir)
}

// What cannot be read is not known, and the apply resets what it finds then.
func TestAccSetPlannedInAnOutageDoesNotSayWhatItResets(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	fake.SetOverride("ci/K8", "securityTag", "example.com/sto:1.0.0")
	images := map[string]string{"gitCloneTag": `"example.com/drone-git:1.0.0"`}
	dir := alone(t, clitest.New(t, "provider \"harnessci\" {\n  max_retries = 0\n}\n"+exclusiveSet(images), fake.Env()))
	fake.Inject(fakeharness.Fault{Call: "get-customer-config", Status: 503, Times: -1})
	output := dir.Must("plan", "-out=saved")
	requireSays(t, output, "resets = (known after apply)")
	requireSays(t, output, "Warning: Could not check the planned images of ci/K8")
	fake.ClearFaults()
	// No plan has shown the reset, so it waits for the next one, which does.
	requireSays(t, dir.Must("apply", "saved"), "Warning: Overrides of ci/K8 that no plan has shown were left as they are")
	requireStored(t, fake, map[string]string{"gitCloneTag": images["gitCloneTag"], "securityTag": `"example.com/sto:1.0.0"`})
	dir.Must("apply", "-auto-approve")
	requireStored(t, fake, images)
	requireEmptyPlan(t, dir)
}
