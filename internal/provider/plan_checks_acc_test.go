package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// single returns the configuration of one override.
func single(name, field, image string, further ...string) string {
	return fmt.Sprintf("resource \"harnessci_image_override\" %q {\n  field = %q\n  value = %q\n  %s\n}\n",
		name, field, image, strings.Join(further, "\n  "))
}

const present = "harness/drone-git:1.6.7-rootless"

func TestAccPlanWarns(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		field, image string
		existing     string   // what overrides gitCloneTag already
		says         []string // none: no warning
	}{
		"a take-over": {"gitCloneTag", "harness/drone-git:1.6.8-rootless", present, []string{
			"Warning: Creating resources replaces existing overrides",
			`with harnessci_image_override.test, on main.tf line 3, in resource "harnessci_image_override" "test": 3: value = `,
			"found: " + present + " planned: harness/drone-git:1.6.8-rootless",
			"If a resource was renamed, add a moved block instead.",
			"terraform import 'harnessci_image_override.<name>' <module>/<infra>/<field>",
		}},
		"a take-over of the same image":     {"gitCloneTag", present, present, []string{"Warning: Existing overrides have the planned images already"}},
		"no take-over: nothing exists":      {"gitCloneTag", present, "", nil},
		"no take-over: another field":       {"s3UploadTag", "plugins/s3:1.5.3", present, nil},
		"another name":                      {"gitCloneTag", "plugins/gcs:1.3.0", "", []string{"Warning: Builds would run other images than the defaults of these fields", "ci/K8/gitCloneTag: gcs, not drone-git"}},
		"no other name: a mirror":           {"gitCloneTag", "registry.example.com/a/b/drone-git:1.6.9-rootless", "", nil},
		"no other name: another owner":      {"gitCloneTag", "acme/drone-git:1.6.9-rootless", "", nil},
		"unsupported":                       {"addonTag", "harness/ci-addon:1.13.9", "", []string{"Warning: Images are older than Harness supports", "ci/K8/addonTag: 3 minors behind", "the 2 before it"}},
		"unsupported, in a mirror":          {"addonTag", "registry.example.com/m/harness/ci-addon:1.10.0", "", []string{"ci/K8/addonTag: 6 minors behind"}},
		"unsupported variant":               {"addonTagRootless", "harness/ci-addon:rootless-1.10.0", "", []string{"ci/K8/addonTagRootless: 6 minors behind"}},
		"supported: two releases behind":    {"addonTag", "harness/ci-addon:1.14.0", "", nil},
		"supported: ahead":                  {"addonTag", "harness/ci-addon:1.17.0", "", nil},
		"not comparable: latest":            {"addonTag", "harness/ci-addon:latest", "", nil},
		"not comparable: another variant":   {"addonTag", "harness/ci-addon:rootless-1.10.0", "", nil},
		"not comparable: a digest":          {"addonTag", "harness/ci-addon@sha256:" + strings.Repeat("a", 64), "", nil},
		"plugins have no window":            {"s3UploadTag", "plugins/s3:1.0.0", "", nil},
		"neither tag nor digest":            {"addonTag", "registry.example.com/m/ci-addon", "", []string{"Warning: Images have neither a tag nor a digest"}},
		"an image that is not known so far": {"gitCloneTag", "${terraform_data.image.output}", present, []string{"found: " + present + " planned: (known after apply)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			fake.SetOverride("ci/K8", "gitCloneTag", test.existing)
			fake.SetConnector(fakeharness.ConnectorBody("https://registry.example.com", "")) // what builds pull is tested elsewhere
			config := single("test", test.field, test.image) + "resource \"terraform_data\" \"image\" { input = \"a:1\" }\n"
			output := clitest.New(t, config, fake.Env()).Must("plan")
			if test.says == nil {
				requireNoWarning(t, output)
			}
			for _, words := range test.says {
				if !strings.Contains(unwrapped(output), words) {
					t.Errorf("the plan does not say %q:\n%s", words, output)
				}
			}
			requireNarrow(t, output)
		})
	}
}

// requireNarrow fails on a line of a plan's warnings that a terminal of 80 columns would break, unless it is an address.
func requireNarrow(t *testing.T, output string) {
	t.Helper()
	_, warnings, _ := strings.Cut(output, "Plan: ")
	for line := range strings.Lines(warnings) {
		if width := len([]rune(strings.TrimRight(line, "\n"))); width > 80 && !strings.Contains(line, "value = ") && !strings.HasPrefix(strings.TrimLeft(line, "│ "), "https://registry.terraform.io/") {
			t.Errorf("%d columns: %s", width, line)
		}
	}
}

func TestAccPlanWarnsOfEachOverrideByName(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	config := set(map[string]string{"addonTag": "harness/ci-addon:1.10.0", "liteEngineTag": "harness/ci-lite-engine:1.9.0"})
	requireSays(t, clitest.New(t, config, fake.Env()).Must("plan"), "ci/K8/addonTag: 6 minors behind", "ci/K8/liteEngineTag: 7 minors behind")
}

// The advice in the warning about a take-over must work.
func TestAccTakeOverCanBeAdopted(t *testing.T) {
	t.Parallel()
	for scope, further := range map[string]string{"ci/K8": "", "dbops": `module = "dbops"`} {
		id := scope + "/gitCloneTag"
		fake := startFake(t, fakeharness.Options{})
		fake.SetOverride(scope, "gitCloneTag", present)
		config := single("test", "gitCloneTag", "harness/drone-git:1.6.8-rootless", further)
		dir := clitest.New(t, config, fake.Env())
		requireSays(t, dir.Must("plan"), "Creating resources replaces existing overrides", id+" found: "+present)

		byBlock := clitest.New(t, config+"import {\n  to = harnessci_image_override.test\n  id = \""+id+"\"\n}\n", fake.Env())
		output := byBlock.Must("plan")
		requireNoWarning(t, output)
		if !strings.Contains(output, "1 to import, 0 to add, 1 to change") || !strings.Contains(output, present) {
			t.Errorf("the plan does not show what the import changes:\n%s", output)
		}

		dir.Must("import", "harnessci_image_override.test", id)
		requireNoWarning(t, dir.Must("plan"))
	}
}

func TestAccUnchangedResourcesAreSilentUntilTheirImagesAreTooOld(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	dir := clitest.New(t, single("renamed", "gitCloneTag", "acme/our-git:1.0.0")+single("addon", "addonTag", "harness/ci-addon:1.15.0"), fake.Env())
	if output := dir.Must("apply", "-auto-approve"); !strings.Contains(output, "our-git, not drone-git") || strings.Contains(output, "addonTag: ") {
		t.Errorf("the apply warns of the new name only:\n%s", output)
	}
	requireNoWarning(t, dir.Must("plan"))
	fake.SetDefault("ci/K8", "addonTag", "harness/ci-addon:1.18.0")
	output := dir.Must("plan")
	if !strings.Contains(output, "ci/K8/addonTag: 3 minors behind") || strings.Contains(output, "Builds would run") || !strings.Contains(output, "No changes.") {
		t.Errorf("the plan warns of the age only:\n%s", output)
	}
}

// A replacement destroys its own override before it creates it: nothing is taken over.
func TestAccReplacementIsNoTakeOver(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	dir := clitest.New(t, single("test", "gitCloneTag", present), fake.Env())
	dir.Must("apply", "-auto-approve")
	dir.Write("main.tf", single("test", "gitCloneTag", "harness/drone-git:1.6.8-rootless")+
		single("before", "s3UploadTag", "plugins/s3:1.5.2")) // its check reads the overrides before the reset
	output := dir.Must("apply", "-auto-approve", "-replace=harnessci_image_override.test")
	if !strings.Contains(output, "2 added, 0 changed, 1 destroyed") {
		t.Errorf("not what was to be tested:\n%s", output)
	}
	requireNoWarning(t, output)
}

// If the new one is created first, the same resource has set what its old self would reset.
func TestAccReplacementThatCreatesFirstIsNotReset(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	dir := clitest.New(t, single("test", "gitCloneTag", present, "lifecycle { create_before_destroy = true }"), fake.Env())
	dir.Must("apply", "-auto-approve")
	output := dir.Must("apply", "-auto-approve", "-replace=harnessci_image_override.test")
	requireSays(t, output, "Warning: Did not reset the image override ci/K8/gitCloneTag, which this run has set")
	requireSays(t, output, "create_before_destroy")
	if fake.Overrides("ci/K8")["gitCloneTag"] != present {
		t.Errorf("the server has %v", fake.Overrides("ci/K8"))
	}
}

// A replacement by another field is planned twice, and the CLI shows the warnings of the first time.
func TestAccReplacementByAnotherFieldCanBeATakeOver(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	dir := clitest.New(t, single("test", "s3UploadTag", "plugins/s3:1.5.2"), fake.Env())
	dir.Must("apply", "-auto-approve")
	fake.SetOverride("ci/K8", "gitCloneTag", present)
	dir.Write("main.tf", single("test", "gitCloneTag", "harness/drone-git:1.6.8-rootless"))
	if output := dir.Must("plan"); !strings.Contains(output, "Creating resources replaces existing overrides") {
		t.Errorf("the plan does not warn:\n%s", output)
	}
}

// twentyOf returns the configuration of 20 overrides of each infra.
func twentyOf(fake *fakeharness.Server, scopes ...string) string {
	want := map[string]int{}
	for _, scope := range scopes {
		want[scope] = 20
	}
	return overrides(fake, want)
}

func requireReads(t *testing.T, fake *fakeharness.Server, when string, want int) {
	t.Helper()
	reads := map[string]int{}
	for _, request := range fake.Requests() {
		reads[request.Call+" "+request.Scope]++
	}
	for read, n := range reads {
		if n != 1 {
			t.Errorf("%s: %s %d times, want once", when, read, n)
		}
	}
	if len(fake.Requests()) != want {
		t.Errorf("%s: %d requests, want %d: %v", when, len(fake.Requests()), want, reads)
	}
}

func TestAccPlanReadsTwicePerModuleAndInfraAndTheConnectorOnce(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	dir := clitest.New(t, twentyOf(fake, "ci/K8", "ci/VM"), fake.Env())
	dir.Must("plan")
	requireReads(t, fake, "plan of 40 new", 5) // and the connector, for names with a registry
	dir.Must("apply", "-auto-approve")
	fake.ResetLog()
	dir.Must("plan")
	requireReads(t, fake, "plan of 40 unchanged", 4)
	fake.ResetLog()
	dir.Must("plan", "-refresh=false")
	requireReads(t, fake, "plan of 40 without refresh", 4)
	fake.ResetLog()
	dir.Write("main.tf", strings.ReplaceAll(twentyOf(fake, "ci/K8", "ci/VM"), ":9.9.9", ":9.9.10"))
	dir.Must("plan")
	requireReads(t, fake, "plan of 40 changed", 5)
}

func TestAccPlanGoesOnWithoutTheDefaults(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{BadFieldStatus: http.StatusBadRequest})
	dir := clitest.New(t, impatient+twentyOf(fake, "ci/K8")+single("typo", "gitCloneTagg", "a:1"), fake.Env())
	fake.Inject(fakeharness.Fault{
		Call: "get-default-config", Times: -1, Status: http.StatusServiceUnavailable,
		Body: fakeharness.ErrorBody("UNAVAILABLE", "The defaults are away", "corr-1"),
	})
	output := dir.Must("plan")
	for _, words := range []string{
		"Warning: Could not check the planned images of ci/K8", "The defaults are away", "correlationId: corr-1",
		"contact Harness support", "The plan continues without these checks", "(and 19 more similar warnings elsewhere)", "21 to add",
	} {
		if !strings.Contains(unwrapped(output), words) {
			t.Errorf("the plan does not say %q:\n%s", words, output)
		}
	}
	requireReads(t, fake, "plan of 21", 3)
	if result := dir.Run("apply", "-auto-approve"); result.Code == 0 || len(fake.Overrides("ci/K8")) != 20 {
		t.Errorf("want the server to refuse one of 21; it has %d:\n%s", len(fake.Overrides("ci/K8")), result.Output)
	}
}

func TestAccPlanAsksNobodyWhileTheProviderIsNotKnown(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	fake.SetOverride("ci/K8", "gitCloneTag", present)
	dir := clitest.New(t, fmt.Sprintf(`
resource "terraform_data" "key" { input = %q }
provider "harnessci" { api_key = terraform_data.key.output }
`, fake.Options().APIKey)+single("test", "gitCloneTag", "acme/other:1.0.0"), fake.Env())
	requireNoWarning(t, dir.Must("plan"))
	if n := fake.Count(""); n != 0 {
		t.Errorf("%d requests while the key was not known", n)
	}
	// It is known by the apply, and the warning comes then.
	if output := dir.Must("apply", "-auto-approve"); !strings.Contains(output, "replaces existing overrides") || !strings.Contains(output, "Builds would run other images") {
		t.Errorf("the apply does not warn:\n%s", output)
	}
}

// Fields that exist nowhere, or only later, are reported before anything is written.
func TestAccPlanRefusesUnknownFields(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		field, attributes string
		says              []string // none: the plan succeeds
	}{
		"a typo": {"gitCloneTagg", "", []string{
			"Error: ci/K8 has no field gitCloneTagg", `2: field = "gitCloneTagg"`, "Did you mean gitCloneTag?", "skip_field_validation = true",
		}},
		"wrong case": {"GitCloneTag", "", []string{"Did you mean gitCloneTag? Field names are case-sensitive."}},
		"the other infra": {"addonTag", `infra = "VM"`, []string{
			"Error: ci/VM has no field addonTag", `ci/K8 has the field addonTag: did you mean infra = "K8"?`,
		}},
		"in Database DevOps": {"gitCloneTagg", `module = "dbops"`, []string{
			"Error: dbops has no field gitCloneTagg", "Did you mean gitCloneTag?",
		}},
		"known in Database DevOps":   {"mongoTag", `module = "dbops"`, nil},
		"not in this module":         {"gitCloneTag", `module = "iacm"`, []string{"Error: iacm/K8 has no field gitCloneTag"}},
		"known":                      {"gitCloneTag", "", nil},
		"known by its override only": {"retiredTag", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			fake.SetOverride("ci/K8", "retiredTag", "a:1")
			config := single("test", test.field, "a:1", test.attributes)
			result := clitest.New(t, config, fake.Env()).Run("plan")
			if (result.Code == 0) != (test.says == nil) {
				t.Errorf("exit code %d:\n%s", result.Code, result.Output)
			}
			for _, words := range test.says {
				if !strings.Contains(unwrapped(result.Output), words) {
					t.Errorf("the plan does not say %q:\n%s", words, result.Output)
				}
			}
			skip := config + "provider \"harnessci\" { skip_field_validation = true }\n"
			clitest.New(t, skip, fake.Env()).Must("plan")
		})
	}
}

// Three causes are three warnings, however many overrides have them: beside what the CLI itself shows of the plan.
func TestAccManyOverridesWithFewCausesFillAScreenOrTwo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		n      int
		image  string
		causes int
	}{
		"318 with three causes":       {318, "registry.example.com/other/thing", 3},
		"29 under a renamed mirror":   {29, "registry.example.com/renamed/thing:1.0.0", 2},
		"29 of single ones, no cause": {29, "plugins/extra:1.0.0", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			addFields(fake, test.n)
			dir := clitest.New(t, fmt.Sprintf(`provider "harnessci" {
  verify_images = "off"
}
resource "harnessci_image_override" "many" {
  count = %d
  infra = "K8"
  field = "extra${count.index}Tag"
  value = %q
}
`, test.n, test.image), fake.Env())
			_, output, _ := strings.Cut(dir.Must("plan"), "Plan: ")
			lines, warned := strings.Count(output, "\n"), strings.Count(output, "Warning: ")
			if warned != test.causes || lines >= 120 {
				t.Errorf("%d warnings in %d lines, want %d in fewer than 120:\n%s", warned, lines, test.causes, output)
			}
		})
	}
}
