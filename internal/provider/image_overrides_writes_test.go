package provider_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// exclusiveSet returns a configuration that allows exactly these overrides in ci/K8.
func exclusiveSet(images map[string]string) string {
	var config strings.Builder
	config.WriteString("resource \"harnessci_image_overrides\" \"test\" {\n  images = {\n")
	for _, field := range slices.Sorted(maps.Keys(images)) {
		fmt.Fprintf(&config, "    %s = %s\n", field, images[field])
	}
	config.WriteString("  }\n}\n")
	return config.String()
}

// mirrored returns images for the first n fields of ci/K8, quoted for a configuration.
func mirrored(fake *fakeharness.Server, n int) map[string]string {
	images := map[string]string{}
	for _, field := range slices.Sorted(maps.Keys(fake.Defaults("ci/K8")))[:n] {
		images[field] = fmt.Sprintf("%q", "registry.example.com/mirror/"+strings.ToLower(field)+":9.9.9")
	}
	return images
}

// requireStored fails unless ci/K8 has exactly the images, quoted as for a configuration.
func requireStored(t *testing.T, fake *fakeharness.Server, images map[string]string) {
	t.Helper()
	got := fake.Overrides("ci/K8")
	for field, image := range got {
		got[field] = fmt.Sprintf("%q", image)
	}
	if !maps.Equal(got, images) {
		t.Errorf("the server has %v, want %v", got, images)
	}
}

// requireCounts fails unless the fake has seen this many updates and resets, and reads of the overrides
// after the first of them, since its log was reset.
func requireCounts(t *testing.T, fake *fakeharness.Server, updates, resets, verifying int) {
	t.Helper()
	_, reads := writesAndVerifyingReads(fake)
	if got := [...]int{fake.Count("update-config"), fake.Count("reset-config"), reads}; got != [...]int{updates, resets, verifying} {
		t.Errorf("%v updates, resets and verifying reads, want %v", got, []int{updates, resets, verifying})
	}
}

func requireEmptyPlan(t *testing.T, dir *clitest.Dir) {
	t.Helper()
	if result := dir.Run("plan", "-detailed-exitcode"); result.Code != 0 {
		t.Errorf("the plan is not empty:\n%s", result.Output)
	}
}

// requireSays fails unless the output contains the texts, wherever the CLI breaks its lines.
func requireSays(t *testing.T, output string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(unwrapped(output), unwrapped(text)) {
			t.Errorf("the output does not say %q:\n%s", text, output)
		}
	}
}

// stateImages returns the images in the state; nil if the set is not in it.
func stateImages(t *testing.T, dir *clitest.Dir) map[string]string {
	t.Helper()
	var state struct {
		Values struct {
			RootModule struct {
				Resources []struct {
					Type    string
					Tainted bool
					Values  struct{ Images map[string]string }
				}
			} `json:"root_module"`
		}
	}
	if err := json.Unmarshal([]byte(dir.Must("show", "-json")), &state); err != nil {
		t.Fatal(err)
	}
	for _, r := range state.Values.RootModule.Resources {
		if r.Tainted {
			t.Errorf("%s is tainted", r.Type)
		}
		if r.Type == "harnessci_image_overrides" {
			return r.Values.Images
		}
	}
	return nil
}

func TestAccSetOf29IsOneWriteAndOneVerifyingRead(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{Latency: latency})
	images := mirrored(fake, 29)
	dir := clitest.New(t, exclusiveSet(images), fake.Env())
	dir.Must("apply", "-auto-approve")
	requireStored(t, fake, images)
	requireCounts(t, fake, 1, 0, 1)

	fake.ResetLog()
	requireEmptyPlan(t, dir)
	if got := len(fake.Requests()); got != 2 {
		t.Errorf("the plan sent %d requests, want the overrides and the defaults", got)
	}

	for i, field := range slices.Sorted(maps.Keys(images))[:5] {
		if i < 3 {
			images[field] = `"registry.example.com/mirror/other:1.0.0"`
		} else {
			delete(images, field)
		}
	}
	fake.ResetLog()
	dir.Write("main.tf", exclusiveSet(images))
	dir.Must("apply", "-auto-approve")
	requireStored(t, fake, images)
	requireCounts(t, fake, 1, 1, 1)
	for _, request := range fake.Requests() {
		if want := map[string]int{"update-config": 3, "reset-config": 2}[request.Call]; bytes.Count(request.Body, []byte(`"field"`)) != want {
			t.Errorf("%s names %s, want %d fields", request.Call, request.Body, want)
		}
	}

	fake.ResetLog()
	dir.Must("destroy", "-auto-approve")
	requireStored(t, fake, map[string]string{})
	requireCounts(t, fake, 0, 1, 1)
}

func TestAccSetOfWhatIsStoredWritesNothing(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	images := map[string]string{"gitCloneTag": `"example.com/drone-git:1.0.0"`}
	fake.SetOverride("ci/K8", "gitCloneTag", "example.com/drone-git:1.0.0")
	dir := clitest.New(t, exclusiveSet(images), fake.Env())
	output := dir.Must("apply", "-auto-approve")
	if strings.Contains(output, "Creating the image overrides") {
		t.Errorf("a warning, although nothing is changed:\n%s", output)
	}
	requireCounts(t, fake, 0, 0, 0)
	requireEmptyPlan(t, dir)
}

func TestAccSetWarnsOfWhatItTakesOver(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	fake.SetOverride("ci/K8", "gitCloneTag", "example.com/drone-git:1.0.0")
	fake.SetOverride("ci/K8", "gcsUploadTag", "example.com/gcs:1.0.0")
	fake.SetOverride("ci/K8", "s3UploadTag", "example.com/s3:1.0.0")
	fake.SetOverride("ci/K8", "securityTag", "example.com/sto:1.0.0")
	images := map[string]string{
		"gitCloneTag": `"example.com/drone-git:2.0.0"`,
		"s3UploadTag": `"example.com/s3:1.0.0"`,
	}
	dir := clitest.New(t, exclusiveSet(images), fake.Env())
	output := dir.Must("plan")
	requireSays(t, output, "Warning: Creating the image overrides ci/K8 resets 2 existing overrides and changes 1 existing override")
	requireSays(t, output, `+ resets = { + "gcsUploadTag" = "example.com/gcs:1.0.0" + "securityTag" = "example.com/sto:1.0.0" }`)
	requireSays(t, output, "gitCloneTag: example.com/drone-git:1.0.0 -> example.com/drone-git:2.0.0")
	if strings.Contains(output, "s3UploadTag: ") {
		t.Errorf("the warning names an override that stays as it is:\n%s", output)
	}
	dir.Must("apply", "-auto-approve")
	requireStored(t, fake, images)
	requireCounts(t, fake, 1, 1, 1)
	if output := dir.Must("plan"); strings.Contains(output, "Warning: Creating") {
		t.Errorf("the warning is repeated once the set exists:\n%s", output)
	}
}

func TestAccSetShowsAndResetsWhatIsAddedOutside(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	images := map[string]string{"gitCloneTag": `"example.com/drone-git:1.0.0"`}
	dir := clitest.New(t, exclusiveSet(images), fake.Env())
	dir.Must("apply", "-auto-approve")
	fake.SetOverride("ci/K8", "gcsUploadTag", "evil.example.com/gcs:6.6.6")
	fake.ResetLog()
	output := dir.Must("plan")
	requireSays(t, output, `- "gcsUploadTag" = "evil.example.com/gcs:6.6.6" -> null`)
	requireSays(t, output, "0 to add, 1 to change, 0 to destroy")
	dir.Must("apply", "-auto-approve")
	requireStored(t, fake, images)
	requireCounts(t, fake, 0, 1, 1)
	requireEmptyPlan(t, dir)
}

// An apply resets nothing that its plan has not shown.
func TestAccSetLeavesWhatIsAddedAfterThePlan(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	images := map[string]string{"gitCloneTag": `"example.com/drone-git:1.0.0"`, "s3UploadTag": `"example.com/s3:1.0.0"`}
	dir := clitest.New(t, exclusiveSet(images), fake.Env())
	dir.Must("apply", "-auto-approve")
	images["gitCloneTag"] = `"example.com/drone-git:2.0.0"`
	delete(images, "s3UploadTag")
	dir.Write("main.tf", exclusiveSet(images))
	dir.Must("plan", "-out=saved")
	fake.SetOverride("ci/K8", "gcsUploadTag", "example.com/gcs:1.0.0")
	output := dir.Must("apply", "saved")
	requireSays(t, output, "Warning: Overrides of ci/K8 that no plan has shown were left as they are")
	requireSays(t, output, "gcsUploadTag: example.com/gcs:1.0.0")
	requireStored(t, fake, map[string]string{
		"gitCloneTag": `"example.com/drone-git:2.0.0"`, "gcsUploadTag": `"example.com/gcs:1.0.0"`,
	})
	if got := stateImages(t, dir); len(got) != 1 {
		t.Errorf("the state lists %v, want what was planned", got)
	}
	output = dir.Must("apply", "-auto-approve")
	requireSays(t, output, `- "gcsUploadTag" = "example.com/gcs:1.0.0" -> null`)
	requireStored(t, fake, images)
}

// The set must not reset what the state does not list.
func TestAccSetDestroyLeavesWhatItDoesNotList(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	dir := clitest.New(t, exclusiveSet(mirrored(fake, 3)), fake.Env())
	dir.Must("apply", "-auto-approve")
	fake.SetOverride("ci/K8", "securityTag", "example.com/sto:1.0.0")
	dir.Must("destroy", "-auto-approve", "-refresh=false")
	requireStored(t, fake, map[string]string{"securityTag": `"example.com/sto:1.0.0"`})
}

// badField is a provider block that lets through a field that the server refuses.
const badField = "provider \"harnessci\" {\n  skip_field_validation = true\n  max_retries = 0\n}\n"

func TestAccSetCreatedInPartLosesNothing(t *testing.T) {
	t.Parallel()
	for _, status := range refusals {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{BadFieldStatus: status})
			images := mirrored(fake, 9)
			good := maps.Clone(images)
			images["noSuchTag"] = `"example.com/none:1.0.0"`
			dir := clitest.New(t, badField+exclusiveSet(images), fake.Env())
			result := dir.Run("apply", "-auto-approve")
			requireSays(t, result.Output, "Error: Could not set the image override ci/K8/noSuchTag")
			requireSays(t, result.Output, "Warning: 9 of 10 image overrides of ci/K8 are stored")
			if n := strings.Count(result.Output, "Error: "); n != 1 || result.Code != 1 {
				t.Errorf("%d errors and exit code %d, want one and 1:\n%s", n, result.Code, result.Output)
			}
			requireStored(t, fake, good)

			fake.ResetLog()
			dir.Write("main.tf", exclusiveSet(good))
			dir.Must("apply", "-auto-approve")
			requireCounts(t, fake, 0, 0, 0)
			if got := stateImages(t, dir); len(got) != 9 {
				t.Errorf("the state lists %v", got)
			}
			requireEmptyPlan(t, dir)
		})
	}
}

// To give up after such a create, import what is stored, and destroy it.
func TestAccSetCreatedInPartIsImportedForADestroy(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	images := mirrored(fake, 3)
	images["noSuchTag"] = `"example.com/none:1.0.0"`
	dir := clitest.New(t, badField+exclusiveSet(images), fake.Env())
	result := dir.Run("apply", "-auto-approve")
	requireSays(t, result.Output, "A destroy resets it only once the set is imported: its id is ci/K8.")
	dir.Must("import", "harnessci_image_overrides.test", "ci/K8")
	dir.Must("destroy", "-auto-approve")
	requireStored(t, fake, nil)
}

func TestAccSetUpdatedInPartHasTheStateOfTheServer(t *testing.T) {
	t.Parallel()
	for _, status := range refusals {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{BadFieldStatus: status})
			images := mirrored(fake, 4)
			fields := slices.Sorted(maps.Keys(images))
			dir := clitest.New(t, exclusiveSet(images), fake.Env())
			dir.Must("apply", "-auto-approve")

			delete(images, fields[0])
			images[fields[1]] = `"example.com/changed:1.0.0"`
			images["gitCloneTag"] = `"example.com/drone-git:1.0.0"`
			good := maps.Clone(images)
			images["noSuchTag"] = `"example.com/none:1.0.0"`
			dir.Write("main.tf", badField+exclusiveSet(images))
			result := dir.Run("apply", "-auto-approve")
			requireSays(t, result.Output, "Error: Could not set the image override ci/K8/noSuchTag")
			if result.Code != 1 {
				t.Errorf("exit code %d:\n%s", result.Code, result.Output)
			}
			requireStored(t, fake, good)
			if got := stateImages(t, dir); !maps.Equal(got, fake.Overrides("ci/K8")) {
				t.Errorf("the state lists %v, the server %v", got, fake.Overrides("ci/K8"))
			}
			fake.ResetLog()
			dir.Write("main.tf", exclusiveSet(good))
			requireEmptyPlan(t, dir)
		})
	}
}

// If the account cannot be read after a failure, the state follows the answers.
func TestAccSetUpdatedInPartAndUnreadable(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	images := mirrored(fake, 3)
	fields := slices.Sorted(maps.Keys(images))
	dir := clitest.New(t, badField+exclusiveSet(images), fake.Env())
	dir.Must("apply", "-auto-approve")
	before := fake.Overrides("ci/K8")

	delete(images, fields[0])
	images[fields[1]] = `"example.com/changed:1.0.0"`
	dir.Write("main.tf", badField+exclusiveSet(images))
	fake.Inject(fakeharness.Fault{Call: "reset-config", Status: http.StatusForbidden, Hook: func(fakeharness.Request) {
		fake.Inject(fakeharness.Fault{Call: "get-customer-config", Status: http.StatusServiceUnavailable, Times: -1})
	}})
	result := dir.Run("apply", "-auto-approve")
	requireSays(t, result.Output, "Error: Could not reset the image override ci/K8/"+fields[0])
	fake.ClearFaults()
	before[fields[1]] = "example.com/changed:1.0.0"
	if got := stateImages(t, dir); !maps.Equal(got, before) || result.Code != 1 {
		t.Errorf("exit code %d, and the state lists %v, want %v", result.Code, got, before)
	}
	dir.Must("apply", "-auto-approve")
	requireStored(t, fake, images)
}

// A request that fails for all its fields is one error, not one for each.
func TestAccSetNamesEveryFieldOfAFailedRequest(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	images := mirrored(fake, 29)
	fake.Inject(fakeharness.Fault{Call: "update-config", Status: http.StatusForbidden})
	result := clitest.New(t, exclusiveSet(images), fake.Env()).Run("apply", "-auto-approve")
	if n := strings.Count(result.Output, "Error: "); n != 1 || result.Code != 1 {
		t.Errorf("%d errors and exit code %d, want one and 1:\n%s", n, result.Code, result.Output)
	}
	requireSays(t, result.Output, "Error: Could not set 29 image overrides of ci/K8")
	for field := range images {
		requireSays(t, result.Output, field)
	}
}

func TestAccSetDestroyedInPartKeepsTheRest(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	dir := clitest.New(t, exclusiveSet(mirrored(fake, 3)), fake.Env())
	dir.Must("apply", "-auto-approve")
	fake.Inject(fakeharness.Fault{Call: "reset-config", Status: http.StatusForbidden})
	result := dir.Run("destroy", "-auto-approve")
	requireSays(t, result.Output, "Error: Could not reset 3 image overrides of ci/K8")
	if got := stateImages(t, dir); len(got) != 3 || result.Code != 1 {
		t.Errorf("exit code %d, and the state lists %v", result.Code, got)
	}
	dir.Must("destroy", "-auto-approve")
	requireStored(t, fake, map[string]string{})
}
