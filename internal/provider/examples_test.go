package provider_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// examplesDir has every example that the documentation shows.
const examplesDir = "../../examples"

// secondAccount is a further account of an example's fake.
const secondAccount = "second-account"

// existing are the overrides that the guides of adoption take over.
var existing = map[string]string{
	"gitCloneTag":  "harness/drone-git:1.6.8-rootless",
	"gcsUploadTag": "plugins/gcs:1.6.2",
	"s3UploadTag":  "plugins/s3:1.5.2",
}

// preparations provide what an example assumes: values of its variables, an account with existing
// overrides.
var preparations = map[string]func(*testing.T, *fakeharness.Server, *clitest.Dir){
	"complete/many-accounts": func(_ *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
		options := fake.Options()
		dir.Setenv("TF_VAR_production_account_id", options.AccountID)
		dir.Setenv("TF_VAR_production_api_key", options.APIKey)
		dir.Setenv("TF_VAR_sandbox_account_id", secondAccount)
		dir.Setenv("TF_VAR_sandbox_api_key", options.APIKey)
	},
	"complete/many-accounts-opentofu": func(_ *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
		options := fake.Options()
		dir.Write("accounts.json", fmt.Sprintf(`{"a": {"account_id": %q, "ring": "early"}, "b": {"account_id": %q, "ring": "everyone"}}`, options.AccountID, secondAccount))
		dir.Setenv("TF_VAR_api_keys", fmt.Sprintf(`{"a": %q, "b": %q}`, options.APIKey, options.APIKey))
	},
	"complete/fleet": func(_ *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
		dir.Write("accounts.json", fmt.Sprintf(`{"payments": {"account_id": %q, "ring": "early"}}`, fake.Options().AccountID))
		dir.Setenv("TF_VAR_account", "payments")
	},
	"guides/from-curl-and-null-resource": func(_ *testing.T, fake *fakeharness.Server, _ *clitest.Dir) { setExisting(fake) },
	"guides/from-the-official-provider": func(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
		t.Helper()
		setExisting(fake)
		var instances []officialInstance
		for field, image := range existing {
			instances = append(instances, officialInstance{strconv.Quote(field), "ci", "K8", field, image})
		}
		installOfficial(t, dir)
		state := officialState(`"each": "map",`, instances...)
		dir.Write("terraform.tfstate", strings.Replace(state, `"name": "old"`, `"name": "pinned"`, 1))
	},
	"resources/harnessci_image_copy": func(_ *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
		pullFromTheirs(fake)
		dir.Setenv("TF_VAR_registry_password", "hunter2")
	},
	"complete/policy":         func(_ *testing.T, fake *fakeharness.Server, _ *clitest.Dir) { pullFromTheirs(fake) },
	"complete/private-mirror": ownMirror,
	"modules/private-mirror": func(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
		t.Helper()
		ownMirror(t, fake, dir)
		dir.Setenv("TF_VAR_mirror", "registry.example.com/harness-mirror")
		dir.Setenv("TF_VAR_exclusive", "false")
	},
	"resources/harnessci_image_connector": func(_ *testing.T, fake *fakeharness.Server, _ *clitest.Dir) { fake.SetConnector("") },
	"guides/pull-limits/google":           func(_ *testing.T, fake *fakeharness.Server, _ *clitest.Dir) { fake.SetConnector("") },
	"guides/pull-limits/ecr":              func(_ *testing.T, fake *fakeharness.Server, _ *clitest.Dir) { fake.SetConnector("") },
	"guides/self-managed-endpoints": func(_ *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
		dir.Setenv("TF_VAR_harness_endpoint", fake.Endpoint())
	},
}

// ownMirror provides the mirror's password. To take over the built-in connector draws a warning.
func ownMirror(_ *testing.T, fake *fakeharness.Server, dir *clitest.Dir) {
	fake.SetConnector("")
	dir.Setenv("TF_VAR_mirror_password", "hunter2")
}

// pullFromTheirs gives an account the image connector of the registry that examples name.
func pullFromTheirs(fake *fakeharness.Server) {
	fake.SetConnector(fakeharness.ConnectorBody("https://registry.example.com", ""))
}

func setExisting(fake *fakeharness.Server) {
	for field, image := range existing {
		fake.SetOverride("ci/K8", field, image)
	}
}

// TestAccExamples runs every configuration under examples/ as a reader would who copies it: it is
// formatted and valid, an apply settles it, and a destroy leaves nothing behind.
func TestAccExamples(t *testing.T) {
	t.Parallel()
	for _, example := range examples(t) {
		if strings.HasPrefix(example.name, "guides/scan-and-sign/") { // a flow with a test of its own
			continue
		}
		t.Run(example.name, func(t *testing.T) {
			t.Parallel()
			fake := startExampleFake(t)
			dir := example.workspace(t, fake)
			if prepare := preparations[example.name]; prepare != nil {
				prepare(t, fake, dir)
			}
			if example.asksRegistries(t) {
				standInRegistry(t, fake, dir)
			}
			if result := dir.Run("fmt", "-check", "-diff"); result.Code != 0 {
				t.Errorf("not formatted:\n%s", result.Output)
			}
			dir.Must("validate")
			requireNoWarning(t, dir.Must("apply", "-auto-approve"))
			if writes := fake.Count("writes"); strings.HasPrefix(example.name, "guides/from-") && writes != 0 {
				t.Errorf("the adoption wrote %d times", writes)
			}
			if result := dir.Run("plan", "-detailed-exitcode"); result.Code != 0 {
				t.Errorf("the plan after the apply is not empty:\n%s", result.Output)
			}
			dir.Must("destroy", "-auto-approve")
			requireNoOverride(t, fake, secondAccount)
		})
	}
}

var (
	snippetRE      = regexp.MustCompile("(?s)```terraform\n(.*?)```")
	foreignBlockRE = regexp.MustCompile(`(?ms)^(data|resource) "[a-z_]+" "[a-z]+" (\{\}\n|\{\n.*?^\}\n)`)
	foreignRE      = regexp.MustCompile(`\b(data\.)?(aws|google|azurerm|gitlab|harbor)_[a-z_]+\.[a-z0-9_.\[\]]+`)
	variableRE     = regexp.MustCompile(`\bvar\.([a-z_]+)`)
)

// The logins that the page on registries shows are valid, each as an alias of one configuration. What they take from
// other providers is a variable here.
func TestAccTheLoginsOfThePageOnRegistriesAreValid(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../templates/guides/registries.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	snippets := snippetRE.FindAllStringSubmatch(string(page), -1)
	if len(snippets) < 11 {
		t.Fatalf("%d snippets were found", len(snippets))
	}
	dir := clitest.New(t, "", startFake(t, fakeharness.Options{}).Env())
	for i, snippet := range snippets {
		dir.Write("main.tf", snippet[1])
		if result := dir.Run("fmt", "-check", "-diff", "main.tf"); result.Code != 0 {
			t.Errorf("not formatted:\n%s", result.Output)
		}
		own := foreignRE.ReplaceAllString(foreignBlockRE.ReplaceAllString(snippet[1], ""), "var.foreign")
		all.WriteString(strings.Replace(own, "provider \"harnessci\" {", fmt.Sprintf("provider \"harnessci\" {\n  alias = \"login%d\"", i), 1))
		fmt.Fprintf(&all, "data \"harnessci_image_connector\" \"login%[1]d\" {\n  provider = harnessci.login%[1]d\n}\n", i)
	}
	declared := map[string]bool{}
	for _, variable := range variableRE.FindAllStringSubmatch(all.String(), -1) {
		if !declared[variable[1]] {
			fmt.Fprintf(&all, "variable %q {\n  default = \"hunter2\"\n}\n", variable[1])
		}
		declared[variable[1]] = true
	}
	dir.Write("main.tf", all.String())
	dir.Must("validate")
	requireNoWarning(t, dir.Must("plan"))
}

// example is a configuration under examples/.
type example struct {
	name  string   // its folder, below examples/
	files []string // its Terraform files
}

// examples returns every folder with Terraform files. Import blocks have their own tests: with the
// resource, they would import what does not exist. A backend.tf names a bucket that a test does not have.
func examples(t *testing.T) []example {
	t.Helper()
	folders := map[string][]string{}
	paths := exampleFiles(t, ".tf")
	if os.Getenv("TF_ACC_PROVIDER_HOST") == "registry.opentofu.org" {
		paths = append(paths, exampleFiles(t, ".tofu")...)
	}
	for _, path := range paths {
		folder, file := filepath.Split(path)
		if !strings.HasPrefix(file, "import-") && file != "backend.tf" {
			folders[filepath.Clean(folder)] = append(folders[filepath.Clean(folder)], file)
		}
	}
	list := make([]example, 0, len(folders))
	for _, name := range slices.Sorted(maps.Keys(folders)) {
		list = append(list, example{name: filepath.ToSlash(name), files: folders[name]})
	}
	if len(list) == 0 {
		t.Fatal("there are no examples")
	}
	return list
}

// exampleFiles returns the paths, below examples/, of all files with an ending.
func exampleFiles(t *testing.T, ending string) []string {
	t.Helper()
	paths := filesBelow(t, examplesDir, ending)
	for i, path := range paths {
		relative, err := filepath.Rel(examplesDir, path)
		if err != nil {
			t.Fatal(err)
		}
		paths[i] = relative
	}
	return paths
}

// filesBelow returns the paths of all files below a folder whose names have an ending.
func filesBelow(t *testing.T, root, ending string) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, ending) {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// workspace returns a folder with the example's files, whose provider talks to the fake.
func (e example) workspace(t *testing.T, fake *fakeharness.Server) *clitest.Dir {
	t.Helper()
	contents, all := map[string]string{"main.tf": ""}, ""
	for _, file := range e.files {
		contents[file] = readExample(t, e.name, file)
		all += contents[file]
	}
	dir := clitest.New(t, all, fake.Env()) // adds the provider's source where no file has it
	local := strings.NewReplacer("github.com/harnessci/terraform-provider-harnessci//examples/", absolute(t, examplesDir)+"/", "?ref=v0.1.0", "")
	for file, content := range contents {
		dir.Write(file, local.Replace(content))
	}
	if strings.Contains(all, "\nmodule \"") {
		dir.Must("get")
	}
	return dir
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.ToSlash(path)
}

func readExample(t *testing.T, elements ...string) string {
	t.Helper()
	return readFile(t, filepath.Join(append([]string{examplesDir}, elements...)...))
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path) //nolint:gosec // a file of this repository
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func startExampleFake(t *testing.T) *fakeharness.Server {
	t.Helper()
	fake := startFake(t, fakeharness.Options{})
	fake.AddAccount(secondAccount)
	fake.AddSecret("account.registry_password")
	return fake
}

// requireNoWarning fails on a warning of the provider: examples are copied as they are.
func requireNoWarning(t *testing.T, output string) {
	t.Helper()
	for line := range strings.Lines(output) {
		if strings.Contains(line, "Warning: ") && !strings.Contains(line, "development overrides") {
			t.Errorf("the example draws a warning: %s", output)
			return
		}
	}
}

// requireNoOverride fails unless the fake's account, and the others named, run only the defaults.
func requireNoOverride(t *testing.T, fake *fakeharness.Server, others ...string) {
	t.Helper()
	for _, account := range append(others, fake.Options().AccountID) {
		for _, scope := range fakeharness.Scopes() {
			if left := fake.OverridesOf(account, scope); len(left) > 0 {
				t.Errorf("account %s is left with %v in %s", account, left, scope)
			}
		}
	}
}
