package provider_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// feature is something that not every supported CLI can do.
type feature struct {
	name                string
	terraform, openTofu string // the first versions that have it; "" for none
}

var (
	importByIdentity = feature{"import blocks by identity", "1.12.0", "1.12.0"}
	query            = feature{"list resources", "1.14.0", ""}
)

var versionLine = regexp.MustCompile(`(?m)^(Terraform|OpenTofu) v(\S+)`)

// require skips a test if the CLI lacks a feature.
func (f feature) require(t *testing.T, dir *clitest.Dir) {
	t.Helper()
	output := dir.Must("version")
	found := versionLine.FindStringSubmatch(output)
	if found == nil {
		t.Fatalf("which CLI is this? %s", output)
	}
	first := map[string]string{"Terraform": f.terraform, "OpenTofu": f.openTofu}[found[1]]
	if first == "" || semver.MustParse(found[2]).LessThan(semver.MustParse(first)) {
		t.Skipf("%s cannot do %s", found[0], f.name)
	}
}

// TestAccImportExamples adopts what every resource's example has created, with each form of import that its
// page shows. No form may write.
func TestAccImportExamples(t *testing.T) {
	t.Parallel()
	for _, path := range append(exampleFiles(t, ".tf"), exampleFiles(t, ".sh")...) {
		folder, file := filepath.Split(path)
		if !strings.HasPrefix(file, "import") {
			continue
		}
		t.Run(filepath.ToSlash(path), func(t *testing.T) {
			t.Parallel()
			fake := startExampleFake(t)
			resource := example{name: filepath.Clean(folder), files: []string{"resource.tf"}}
			dir := resource.workspace(t, fake)
			if strings.Contains(file, "identity") {
				importByIdentity.require(t, dir)
			}
			if prepare := preparations[resource.name]; prepare != nil {
				prepare(t, fake, dir)
			}
			registry := fakeregistry.Start(t, fakeregistry.Options{})
			if resource.asksRegistries(t) {
				registry = standInRegistry(t, fake, dir)
			}
			dir.Must("apply", "-auto-approve")
			if err := os.Remove(dir.Path("terraform.tfstate")); err != nil {
				t.Fatal(err)
			}
			fake.ResetLog()
			registry.ResetLog()

			content := readExample(t, path)
			if strings.HasSuffix(file, ".sh") {
				importByCommand(t, dir, content)
			} else {
				importByBlock(t, dir, content)
			}
			if writes := fake.Count("writes"); writes != 0 {
				t.Errorf("the import wrote %d times", writes)
			}
			dir.Must("apply", "-auto-approve")
			for _, method := range []string{http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete} {
				if writes := registry.Count(method); writes != 0 {
					t.Errorf("the import, or the apply after it, sent %d %s to the registry", writes, method)
				}
			}
			if result := dir.Run("plan", "-detailed-exitcode"); result.Code != 0 {
				t.Errorf("the plan after the import is not empty:\n%s", result.Output)
			}
		})
	}
}

// importByCommand runs the import commands of a script; each is a line.
func importByCommand(t *testing.T, dir *clitest.Dir, script string) {
	t.Helper()
	imported := 0
	for line := range strings.Lines(script) {
		if command, ok := strings.CutPrefix(strings.TrimSpace(line), "terraform "); ok {
			dir.Must(strings.Fields(strings.ReplaceAll(command, "'", ""))...)
			imported++
		}
	}
	if imported == 0 {
		t.Error("the script imports nothing")
	}
}

var importTarget = regexp.MustCompile(`(?m)^\s*to\s*=\s*(\S+)`)

// importByBlock applies the import blocks of a file, and nothing beside them.
func importByBlock(t *testing.T, dir *clitest.Dir, blocks string) {
	t.Helper()
	dir.Write("import.tf", blocks)
	args := []string{"apply", "-auto-approve"}
	for _, target := range importTarget.FindAllStringSubmatch(blocks, -1) {
		args = append(args, "-target="+target[1])
	}
	changed := 0
	if strings.Contains(blocks, "harnessci_image_copy.") {
		changed = 1 // the source, which only the configuration knows
	}
	if output := dir.Must(args...); !strings.Contains(output, fmt.Sprintf(" imported, 0 added, %d changed, 0 destroyed", changed)) {
		t.Errorf("the apply does more than to import:\n%s", output)
	}
}

// TestAccListExamples queries with every example of a list resource.
func TestAccListExamples(t *testing.T) {
	t.Parallel()
	for _, path := range exampleFiles(t, ".tfquery.hcl") {
		t.Run(filepath.ToSlash(path), func(t *testing.T) {
			t.Parallel()
			content := readExample(t, path)
			if formatted := string(hclwrite.Format([]byte(content))); formatted != content {
				t.Errorf("not formatted; it should be:\n%s", formatted)
			}
			fake := startFake(t, fakeharness.Options{})
			fake.SetOverride("ci/K8", "gitCloneTag", "harness/drone-git:1.6.8-rootless")
			dir := clitest.New(t, "provider \"harnessci\" {}\n", fake.Env())
			query.require(t, dir)
			dir.Write("example.tfquery.hcl", content)
			if output := dir.Must("query"); !strings.Contains(output, "gitCloneTag") {
				t.Errorf("the query does not find the override:\n%s", output)
			}
		})
	}
}

// TestAccDriftCheckExample runs the script of the drift check as its pipeline does.
func TestAccDriftCheckExample(t *testing.T) {
	t.Parallel()
	const name = "complete/drift-check"
	fake := startExampleFake(t)
	dir := example{name: name, files: []string{"main.tf"}}.workspace(t, fake)
	dir.Write("drift-check.sh", readExample(t, name, "drift-check.sh"))
	requireDriftCheck(t, dir, fake, 3, "There is no state")
	dir.Must("apply", "-auto-approve")
	fake.ResetLog()

	requireDriftCheck(t, dir, fake, 0, "No drift.")
	fake.SetOverride("ci/K8", "gitCloneTag", "harness/drone-git:1.0.0")
	report := requireDriftCheck(t, dir, fake, 2, `"harness/drone-git:1.0.0" -> "harness/drone-git:1.6.8-rootless"`)
	if strings.Contains(report, "Refreshing state") {
		t.Errorf("more than what differs:\n%s", report)
	}
	fake.RemoveOverride("ci/K8", "gitCloneTag")
	requireDriftCheck(t, dir, fake, 2, "Plan: 0 to add, 1 to change, 0 to destroy.")
	fake.SetOverride("ci/K8", "gitCloneTag", "harness/drone-git:1.6.8-rootless")
	fake.SetOverride("ci/K8", "s3UploadTag", "evil.example.com/plugins/s3:1") // of a field that the configuration does not name
	requireDriftCheck(t, dir, fake, 2, "evil.example.com/plugins/s3:1")
	fake.RemoveOverride("ci/K8", "s3UploadTag")

	// A new default is no drift, though an output shows it.
	dir.Write("outputs.tf", `data "harnessci_default_images" "k8" {}
output "defaults" { value = data.harnessci_default_images.k8.images }
`)
	requireDriftCheck(t, dir, fake, 0, "No drift.")
	fake.Inject(fakeharness.Fault{Times: -1, Status: http.StatusUnauthorized})
	requireDriftCheck(t, dir, fake, 1, "nothing is known about drift")
	dir.Write("terraform.tfstate", "no state")
	requireDriftCheck(t, dir, fake, 1, "The state cannot be read")
	if writes := fake.Count("writes"); writes != 0 {
		t.Errorf("the checks wrote %d times", writes)
	}
}

func requireDriftCheck(t *testing.T, dir *clitest.Dir, fake *fakeharness.Server, code int, text string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "drift-check.sh")
	cmd.Dir = filepath.Dir(dir.Path("drift-check.sh"))
	cmd.Env = append(os.Environ(), "TERRAFORM="+os.Getenv("TF_ACC_TERRAFORM_PATH"), "TF_CLI_CONFIG_FILE="+dir.Path("cli.tfrc"))
	for variable, value := range fake.Env() {
		cmd.Env = append(cmd.Env, variable+"="+value)
	}
	output, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code || !strings.Contains(string(output), text) {
		t.Errorf("the check ended with %d (%v), want %d and %q:\n%s", got, err, code, text, output)
	}
	return string(output)
}

// TestAccFromNothingGuide follows the guide's second way: find the overrides, generate import blocks, and
// let the CLI write the resources.
func TestAccFromNothingGuide(t *testing.T) {
	t.Parallel()
	fake := startExampleFake(t)
	setExisting(fake)
	fake.SetOverride("ci/K8", "gitclonetag", "example.com/git:1.0.0") // each needs a name of its own
	dir := example{name: "guides/from-nothing", files: []string{"main.tf"}}.workspace(t, fake)
	dir.Must("apply", "-auto-approve")
	dir.Write("imports.tf", dir.Must("output", "-raw", "import_blocks"))
	dir.Must("plan", "-generate-config-out=overrides.tf")
	if output := dir.Must("apply", "-auto-approve"); !strings.Contains(output, "4 imported, 0 added, 0 changed, 0 destroyed") {
		t.Errorf("the apply does more than to import:\n%s", output)
	}
	if result := dir.Run("plan", "-detailed-exitcode"); result.Code != 0 {
		t.Errorf("the plan after the import is not empty:\n%s", result.Output)
	}
	if writes := fake.Count("writes"); writes != 0 {
		t.Errorf("the adoption wrote %d times", writes)
	}
}
