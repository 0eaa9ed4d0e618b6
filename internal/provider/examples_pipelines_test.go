package provider_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// exposedName is what GitLab accepts after expose_as; anything else makes the whole pipeline invalid.
var exposedName = regexp.MustCompile(`expose_as: \w[-\w ]*\n`)

// TestExamplePipelines reads every pipeline under examples/, and holds them to what the guide says:
// only jobs that apply have the key that may edit, and none applies beside another.
func TestExamplePipelines(t *testing.T) {
	t.Parallel()
	paths := append(filesBelow(t, examplesDir, ".yml"), filesBelow(t, examplesDir, ".yaml")...)
	if len(paths) < 7 {
		t.Fatalf("found %d pipelines", len(paths))
	}
	for _, path := range paths {
		content := readFile(t, path)
		decoder := yaml.NewDecoder(strings.NewReader(content))
		for {
			var document map[string]any
			if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if len(document) == 0 {
				t.Errorf("%s has an empty document", path)
			}
		}
		// The pipelines that wait for an approval pass on the fingerprint of the plan before.
		applies := strings.Contains(content, "terraform apply") || strings.Contains(content, `./plan.sh "$FINGERPRINT"`)
		if bound := strings.Contains(content, `./plan.sh "$FINGERPRINT"`); bound != applies {
			t.Errorf("%s applies what nobody has approved", path)
		}
		if moving := regexp.MustCompile(`hashicorp/terraform:\d+(\.\d+)?\s|ubuntu-latest|uses: \S+@v|setup-terraform@.*\n +with:\n +terraform_wrapper`).FindString(content); moving != "" {
			t.Errorf("%s uses something that moves: %s", path, moving)
		}
		if strings.Contains(content, "hashicorp/terraform:") && !strings.Contains(content, "hashicorp/terraform:1.14.0@sha256:…") {
			t.Errorf("%s does not say how to pin its image", path)
		}
		if edits := strings.Contains(strings.ToLower(content), "editor"); edits != applies {
			t.Errorf("%s: applies: %v, has the key that may edit: %v", path, applies, edits)
		}
		if strings.Contains(content, "expose_as:") && !exposedName.MatchString(content) {
			t.Errorf("%s exposes its artifacts under a name that GitLab refuses", path)
		}
		if strings.Contains(content, "terraform ") && !strings.Contains(content, "terraform init -input=false") {
			t.Errorf("%s runs without init", path)
		}
	}
	for _, name := range []string{"pipelines/github.yml", "pipelines/gitlab-ci.yaml", "pipelines/harness.yaml", "fleet/account.yml"} {
		if content := readExample(t, "complete", name); strings.Count(content, "plan.sh") < 2 || strings.Contains(content, "--edit-last") {
			t.Errorf("%s does not plan, and then apply that plan, or edits a comment of somebody else's", name)
		}
	}
	for _, dir := range []string{"drift-check", "fleet"} {
		if _, err := os.Stat(examplesDir + "/complete/" + dir + "/backend.tf"); err != nil {
			t.Errorf("a pipeline without a backend: %v", err)
		}
	}
}

// repository is a checkout of the pipelines' example, with a script that its jobs run.
type repository struct {
	*clitest.Dir
	fake *fakeharness.Server
	temp string // where scripts may leave something
}

func newRepository(t *testing.T) repository {
	t.Helper()
	fake := startExampleFake(t)
	dir := example{name: "complete/pipelines", files: []string{"main.tf"}}.workspace(t, fake)
	dir.Write("plan.sh", readExample(t, "complete", "pipelines", "plan.sh"))
	r := repository{dir, fake, t.TempDir()}
	r.must(t, "git", "init", "--quiet")
	r.push(t)
	return r
}

// push commits what is in the folder.
func (r repository) push(t *testing.T) {
	t.Helper()
	r.must(t, "git", "add", "*.tf", "plan.sh")
	r.must(t, "git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false", "commit", "--quiet", "-m", "a push")
}

func (r repository) must(t *testing.T, args ...string) string {
	t.Helper()
	out, code := r.run(t, args...)
	if code != 0 {
		t.Fatalf("%v ends with %d:\n%s", args, code, out)
	}
	return out
}

func (r repository) run(t *testing.T, args ...string) (output string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...) //nolint:gosec // git, and the script
	cmd.Dir = filepath.Dir(r.Path("main.tf"))
	cmd.Env = append(os.Environ(), "TERRAFORM="+os.Getenv("TF_ACC_TERRAFORM_PATH"), "TF_CLI_CONFIG_FILE="+r.Path("cli.tfrc"),
		"TMPDIR="+r.temp, "HARNESSCI_VERIFY_IMAGES=off")
	for variable, value := range r.fake.Env() {
		cmd.Env = append(cmd.Env, variable+"="+value)
	}
	out, err := cmd.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// TestAccAnApplyStopsUnlessItsPlanWasApproved changes something between the approval and the apply.
func TestAccAnApplyStopsUnlessItsPlanWasApproved(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		between func(*testing.T, repository)
		approve func(fingerprint string) string
		code    int
		says    string
	}{
		"nothing in between": {code: 0, says: "3 added, 0 changed, 0 destroyed"},
		"a push": {code: 4, says: "not the plan that was approved", between: func(t *testing.T, r repository) {
			t.Helper()
			r.Write("main.tf", strings.Replace(r.Read("main.tf"), "1.6.8-rootless", "1.6.9-rootless", 1))
			r.push(t)
		}},
		"a push that no plan shows": {code: 4, says: "not the plan that was approved", between: func(t *testing.T, r repository) {
			t.Helper()
			r.Write("more.tf", "# such as a provisioner\n")
			r.push(t)
		}},
		"a file changed after the checkout": {code: 1, says: "changed after the checkout", between: func(_ *testing.T, r repository) {
			r.Write("main.tf", r.Read("main.tf")+"# more\n")
		}},
		"a change by hand": {code: 4, says: "not the plan that was approved", between: func(_ *testing.T, r repository) {
			r.fake.SetOverride("ci/K8", "addonTag", "harness/ci-addon:1.16.90")
			r.fake.SetOverride("ci/K8", "gitCloneTag", "evil/drone-git:1.0.0")
		}},
		"no approval":      {code: 4, says: "not the plan that was approved (none)", approve: func(string) string { return "" }},
		"another approval": {code: 4, says: "not the plan that was approved (0", approve: func(s string) string { return "0" + s[1:] + "0" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t)
			r.must(t, "sh", "plan.sh")
			fingerprint := strings.TrimSpace(r.Read("plan.fingerprint"))
			if len(fingerprint) != 64 || r.fake.Count("writes") > 0 {
				t.Fatalf("the fingerprint is %q, with %d writes", fingerprint, r.fake.Count("writes"))
			}
			if test.between != nil {
				test.between(t, r)
			}
			if test.approve != nil {
				fingerprint = test.approve(fingerprint)
			}
			out, code := r.run(t, "sh", "plan.sh", fingerprint)
			if code != test.code || !strings.Contains(out, test.says) || (r.fake.Count("writes") > 0) != (test.code == 0) {
				t.Errorf("ends with %d and %d writes, want %d and %q:\n%s", code, r.fake.Count("writes"), test.code, test.says, out)
			}
			if left, err := os.ReadDir(r.temp); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// A change that is not shown cannot be approved.
func TestAccAPlanWithSensitiveChangesHasNoFingerprint(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	r.Write("main.tf", strings.Replace(r.Read("main.tf"), "value = each.value", "value = sensitive(each.value)", 1))
	r.push(t)
	if out, code := r.run(t, "sh", "plan.sh"); code != 1 || !strings.Contains(out, "cannot be approved") {
		t.Errorf("ends with %d:\n%s", code, out)
	}
}

// Scripts that are cancelled leave no state and no plan behind. This CLI cancels the job that called it.
func TestCancelledScriptsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no sh")
	}
	for _, name := range []string{"drift-check/drift-check.sh", "pipelines/plan.sh"} {
		for _, at := range []string{"state", "plan"} {
			dir, temp := t.TempDir(), t.TempDir()
			cli := filepath.Join(dir, "cli")
			program := "#!/bin/sh\n[ $1 != " + at + " ] || kill -TERM $PPID\n" +
				"echo '{\"type\": \"harnessci_image_override\", \"value\": \"a secret\"}'\n"
			for file, content := range map[string]string{cli: program, filepath.Join(dir, "git"): "#!/bin/sh\n[ $1 = status ] || echo tree\n"} {
				if err := os.WriteFile(file, []byte(content), 0o700); err != nil { //nolint:gosec // a program
					t.Fatal(err)
				}
			}
			script, err := filepath.Abs(filepath.Join(examplesDir, "complete", name))
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "sh", script) //nolint:gosec // a file of this repository
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "TERRAFORM="+cli, "TMPDIR="+temp, "PATH="+dir+":"+os.Getenv("PATH"))
			out, err := cmd.CombinedOutput()
			left, listed := os.ReadDir(temp)
			if listed != nil || len(left) > 0 || err == nil && at == "plan" {
				t.Errorf("%s, cancelled at its %s: left behind %v (%v), %v:\n%s", name, at, left, listed, err, out)
			}
		}
	}
}

// The preset for Renovate finds the images that configurations pin, and keeps each variant. Renovate's RE2 knows the
// same expressions as Go.
func TestTheRenovatePreset(t *testing.T) {
	t.Parallel()
	var preset struct {
		CustomManagers []struct{ ManagerFilePatterns, MatchStrings []string }
		PackageRules   []struct{ MatchCurrentValue, Versioning string }
	}
	if err := json.Unmarshal([]byte(readFile(t, "../../default.json")), &preset); err != nil {
		t.Fatal(err)
	}
	compile := func(pattern string) *regexp.Regexp { return regexp.MustCompile(strings.Trim(pattern, "/")) }
	file, image := compile(preset.CustomManagers[0].ManagerFilePatterns[0]), regexp.MustCompile(preset.CustomManagers[0].MatchStrings[0])
	for name, want := range map[string]bool{"main.tf": true, "a/pins.auto.tfvars": true, "pins.auto.tfvars.json": true, "main.tofu": true, "a.json": false} {
		if file.MatchString(name) != want {
			t.Errorf("%s is read: %v", name, !want)
		}
	}
	digest := "sha256:" + strings.Repeat("0a", 32)
	for text, want := range map[string][]string{
		`value = "harness/ci-addon:1.16.92"`:                           {"harness/ci-addon", "1.16.92", ""},
		`"ci/K8/gitCloneTag":"harness/drone-git:1.6.9@` + digest + `"`: {"harness/drone-git", "1.6.9", digest},
		`"registry.example.com:5000/mirror/plugins/s3:1.5.3"`:          {"registry.example.com:5000/mirror/plugins/s3", "1.5.3", ""},
		`"acme/tool:1.0.0"`:              nil,
		`source = "harnessci/harnessci"`: nil,
	} {
		if got := image.FindStringSubmatch(text); len(got) > 0 && !slices.Equal(got[1:], want) || len(got) == 0 && want != nil {
			t.Errorf("%s: found %q, want %q", text, got, want)
		}
	}
	for tag, want := range map[string]string{
		"1.16.92": "", "1.17.00": "", "1.16.56.1": "", "rootless-1.16.92": "rootless", "1.6.9-rootless": "rootless",
		"1.17.0-4.33-mongo": "4.33-mongo", "latest": "none", "linux-amd64-1.2.3": "none",
	} {
		got := "none"
		for _, rule := range preset.PackageRules {
			if pattern, ok := strings.CutPrefix(rule.Versioning, "regex:"); ok && (rule.MatchCurrentValue == "" || compile(rule.MatchCurrentValue).MatchString(tag)) {
				got = "none" // the last rule that applies decides
				if version := regexp.MustCompile(pattern); version.MatchString(tag) {
					got = version.FindStringSubmatch(tag)[version.SubexpIndex("compatibility")]
				}
			}
		}
		if got != want {
			t.Errorf("the variant of %s is %q, want %q", tag, got, want)
		}
	}
}

// An account that is mistyped, or whose key is wrong, is named, and stops no other from being shown.
func TestAccOnePageShowsAllAccounts(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip("jq is not on PATH")
	}
	fake := startExampleFake(t)
	fake.SetOverride("ci/K8", "gitCloneTag", "harness/drone-git:1.6.8-rootless")
	options := fake.Options()
	dir := example{name: "complete/fleet", files: []string{"main.tf"}}.workspace(t, fake)
	dir.Write("accounts.json", fmt.Sprintf(`{"payments": {"account_id": %q, "ring": "early"}, "retail": {"account_id": %q, "ring": "earyl"}, "typo": {"account_id": "no-such-account", "ring": "early"}}`,
		options.AccountID, secondAccount))
	if err := os.Mkdir(dir.Path("status"), 0o700); err != nil {
		t.Fatal(err)
	}
	status, _, _ := strings.Cut(readExample(t, "complete", "status", "main.tf"), `output "unknown"`) // without the lists that need registries
	dir.Write("status/main.tf", strings.Replace(status, "check_registry = true", "", 1))
	dir.Write("status.sh", readExample(t, "complete", "fleet", "status.sh"))
	r := repository{dir, fake, t.TempDir()}
	keys := fmt.Sprintf(`{"payments": %[1]q, "retail": %[1]q, "typo": %[1]q}`, options.APIKey)
	page, code := r.run(t, "env", "API_KEYS="+keys, "sh", "status.sh")
	parts := strings.Split(page, "\n# ")
	if code != 1 || len(parts) != 3 || !strings.Contains(parts[0], "1 overridden") || !strings.Contains(parts[1], "ci/VM") || !strings.Contains(parts[2], "**Not known.**") {
		t.Errorf("ends with %d:\n%s", code, page)
	}
	for account, text := range map[string]string{"retial": "There is no such account in accounts.json: it has payments, retail, typo.", "retail": `"earyl"`} {
		if result := dir.Run("plan", "-var", "account="+account); result.Code == 0 || !strings.Contains(unwrapped(result.Output), text) {
			t.Errorf("%s:\n%s", account, result.Output)
		}
	}
}

// With for_each in the provider block, a mistyped name is an error as well, and an account may be left out.
func TestAccOneStateForAllAccounts(t *testing.T) {
	t.Parallel()
	if os.Getenv("TF_ACC_PROVIDER_HOST") != "registry.opentofu.org" {
		t.Skip("needs OpenTofu")
	}
	fake := startExampleFake(t)
	dir := example{name: "complete/many-accounts-opentofu", files: []string{"main.tofu"}}.workspace(t, fake)
	keys := func(name, key string) string {
		return fmt.Sprintf(`api_keys={"a": %q, %q: %q}`, fake.Options().APIKey, name, key)
	}
	dir.Write("accounts.json", fmt.Sprintf(`{"a": {"account_id": %q, "ring": "early"}, "b": {"account_id": %q, "ring": "everyone"}}`, fake.Options().AccountID, secondAccount))
	if result := dir.Run("plan", "-var", keys("bb", "")); result.Code == 0 || !strings.Contains(unwrapped(result.Output), "must have the same names: a, b, and not a, bb.") {
		t.Errorf("a mistyped name:\n%s", result.Output)
	}
	dir.Must("apply", "-auto-approve", "-var", keys("b", fake.Options().APIKey))
	if page := dir.Must("output", "-raw", "table"); !strings.Contains(page, "# a\n\n**ci/K8") || !strings.Contains(page, "# b\n\n**ci/K8") {
		t.Errorf("the page:\n%s", page)
	}
	expired := []string{"plan", "-var", keys("b", "expired"), "-no-color"}
	if result := dir.Run(expired...); result.Code == 0 || !strings.Contains(result.Output, "401") {
		t.Errorf("an expired key:\n%s", result.Output)
	}
	dir.Must(append(expired, `-exclude=harnessci_image_overrides.k8["b"]`, `-exclude=data.harnessci_image_status.k8["b"]`)...)
}
