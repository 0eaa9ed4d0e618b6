package provider_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// officialInstance is one instance of the official resource as in a state file: the index key as JSON ("" for
// none) and its five attributes.
type officialInstance struct {
	key, kind, infra, field, value string
}

// officialState is a state file that the official provider has written.
func officialState(mode string, instances ...officialInstance) string {
	var list []string
	for _, i := range instances {
		key := ""
		if i.key != "" {
			key = fmt.Sprintf("%q: %s,", "index_key", i.key)
		}
		value := "null"
		if i.value != "" {
			value = fmt.Sprintf("%q", i.value)
		}
		list = append(list, fmt.Sprintf(`{%s "schema_version": 0, "attributes":
			{"id": "%[2]s/%[3]s/%[4]s", "kind": "%[2]s", "infra_type": "%[3]s", "field": "%[4]s", "value": %[5]s}}`,
			key, i.kind, i.infra, i.field, value))
	}
	return fmt.Sprintf(`{"version": 4, "terraform_version": "1.8.0", "serial": 1, "lineage": "l", "outputs": {}, "resources": [
		{"mode": "managed", "type": "harness_platform_default_images", "name": "old", %s
		 "provider": "provider[\"%s/harness/harness\"]", "instances": [%s]}]}`, mode, registryHost(), strings.Join(list, ","))
}

// registryHost is the host that the CLI at hand puts before a provider's namespace.
func registryHost() string {
	if host := os.Getenv("TF_ACC_PROVIDER_HOST"); host != "" {
		return host
	}
	if strings.Contains(filepath.Base(os.Getenv("TF_ACC_TERRAFORM_PATH")), "tofu") {
		return "registry.opentofu.org"
	}
	return "registry.terraform.io"
}

func TestAccMovedFromTheOfficialResource(t *testing.T) {
	for name, test := range map[string]struct {
		state, config string
		holds         map[string]string // scope/field to value
	}{
		"one": {
			state: officialState("", officialInstance{"", "ci", "K8", "gitCloneTag", "harness/drone-git:1.0.0"}),
			config: `resource "harnessci_image_override" "new" {
  field = "gitCloneTag"
  value = "harness/drone-git:1.0.0"
}
moved {
  from = harness_platform_default_images.old
  to   = harnessci_image_override.new
}`,
			holds: map[string]string{"ci/K8/gitCloneTag": "harness/drone-git:1.0.0"},
		},
		"for_each, in another spelling": {
			state: officialState(`"each": "map",`,
				officialInstance{`"gitCloneTag"`, "ci", "vm", "gitCloneTag", "harness/drone-git:1.0.0"},
				officialInstance{`"gcsUploadTag"`, "ci", "vm", "gcsUploadTag", "plugins/gcs:1.0.0"}),
			config: `resource "harnessci_image_override" "new" {
  for_each = { gitCloneTag = "harness/drone-git:1.0.0", gcsUploadTag = "plugins/gcs:1.0.0" }
  infra    = "VM"
  field    = each.key
  value    = each.value
}
moved {
  from = harness_platform_default_images.old
  to   = harnessci_image_override.new
}`,
			holds: map[string]string{"ci/VM/gitCloneTag": "harness/drone-git:1.0.0", "ci/VM/gcsUploadTag": "plugins/gcs:1.0.0"},
		},
		"count, of another module": {
			state: officialState(`"each": "list",`,
				officialInstance{"0", "iacm", "K8", "iacmTerraform", "plugins/t:1"}, officialInstance{"1", "iacm", "K8", "iacmOpenTofu", "plugins/o:1"}),
			config: `resource "harnessci_image_override" "new" {
  count  = 2
  module = "iacm"
  field  = ["iacmTerraform", "iacmOpenTofu"][count.index]
  value  = ["plugins/t:1", "plugins/o:1"][count.index]
}
moved {
  from = harness_platform_default_images.old
  to   = harnessci_image_override.new
}`,
			holds: map[string]string{"iacm/K8/iacmTerraform": "plugins/t:1", "iacm/K8/iacmOpenTofu": "plugins/o:1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			fake := startFake(t, fakeharness.Options{})
			for target, value := range test.holds {
				scope, field := target[:strings.LastIndex(target, "/")], target[strings.LastIndex(target, "/")+1:]
				fake.SetOverride(scope, field, value)
			}
			dir := clitest.New(t, test.config, fake.Env())
			installOfficial(t, dir)
			dir.Write("terraform.tfstate", test.state)
			dir.Must("apply", "-auto-approve")
			if result := dir.Run("plan", "-detailed-exitcode"); result.Code != 0 {
				t.Errorf("the plan after the move is not empty:\n%s", result.Output)
			}
			state := dir.State()
			if strings.Contains(state, "harness_platform_default_images") || strings.Count(state, `"id": "`) != len(test.holds) {
				t.Errorf("the state is not the moved one:\n%s", state)
			}
			if got := fake.Count("writes"); got != 0 {
				t.Errorf("the move sent %d writes", got)
			}
		})
	}
}

func TestAccMovedFromSomethingElseSaysWhatToDo(t *testing.T) {
	config := `resource "harnessci_image_override" "new" {
  field = "gitCloneTag"
  value = "harness/drone-git:1.0.0"
}
moved {
  from = %s.old
  to   = harnessci_image_override.new
}`
	reset := officialState("", officialInstance{"", "ci", "K8", "gitCloneTag", ""})
	for name, test := range map[string]struct{ config, state, want string }{
		"a reset": {
			fmt.Sprintf(config, "harness_platform_default_images"), reset, "there is no override to adopt",
		},
		"another type": {
			fmt.Sprintf(config, "harness_platform_secret_text"),
			strings.ReplaceAll(reset, "harness_platform_default_images", "harness_platform_secret_text"),
			"Could not move a harness_platform_secret_text",
		},
	} {
		t.Run(name, func(t *testing.T) {
			fake := startFake(t, fakeharness.Options{})
			dir := clitest.New(t, test.config, fake.Env())
			installOfficial(t, dir)
			dir.Write("terraform.tfstate", test.state)
			result := dir.Run("plan")
			if result.Code != 1 || !strings.Contains(unwrapped(result.Output), test.want) {
				t.Errorf("want an error that says %q, got exit code %d:\n%s", test.want, result.Code, result.Output)
			}
		})
	}
}

var blanks = regexp.MustCompile(`[\s│]+`)

// unwrapped undoes the CLI's line breaks.
func unwrapped(output string) string { return blanks.ReplaceAllString(output, " ") }

func TestAccImportWritesAConfigurationWhosePlanIsEmpty(t *testing.T) {
	fake := startFake(t, fakeharness.Options{})
	fake.SetOverride("ci/VM", "gitCloneTag", "harness/drone-git:1.0.0")
	fake.SetOverride("ci/K8", "gcsUploadTag", "plugins/gcs:1.0.0")
	fake.SetOverride("dbops", "mongoTag", "example.com/liquibase:1.0.0-mongo")
	dir := clitest.New(t, `import {
  to = harnessci_image_override.git
  id = "ci/VM/gitCloneTag"
}
import {
  to = harnessci_image_override.gcs
  id = "K8/gcsUploadTag"
}
import {
  to = harnessci_image_override.liquibase
  id = "dbops/mongoTag"
}
`, fake.Env())
	dir.Must("plan", "-generate-config-out=generated.tf")
	dir.Must("apply", "-auto-approve")
	if result := dir.Run("plan", "-detailed-exitcode"); result.Code != 0 {
		t.Errorf("the plan after the import is not empty:\n%s", result.Output)
	}
	if got := fake.Count("writes"); got != 0 {
		t.Errorf("the import sent %d writes", got)
	}
}

func TestAccAnotherAccountThanTheStatesIsAnError(t *testing.T) {
	fake := startFake(t, fakeharness.Options{})
	fake.AddAccount("other-account")
	dir := clitest.New(t, overrides(fake, map[string]int{"ci/K8": 2}), fake.Env())
	dir.Must("apply", "-auto-approve")
	fake.ResetLog()
	dir.Setenv("HARNESS_ACCOUNT_ID", "other-account")
	for _, command := range [][]string{{"plan"}, {"apply", "-auto-approve"}, {"destroy", "-auto-approve"}} {
		result := dir.Run(command...)
		if result.Code != 1 || !strings.Contains(unwrapped(result.Output), "belongs to another account") {
			t.Errorf("%s: exit code %d:\n%s", command[0], result.Code, result.Output)
		}
	}
	if got := fake.Count("writes"); got != 0 {
		t.Errorf("%d writes went out", got)
	}
}

// The acceptance test of harness_platform_default_images and its data source (harness/terraform-provider-harness,
// internal/service/platform/default_images) reads a default, sets a tag, sets another and resets it, in the module ci.
// Here it is written for this provider and for each of its three modules. Every difference is a row.
func TestAccTheAcceptanceTestOfTheOfficialProvider(t *testing.T) {
	t.Parallel()
	fields := map[string]string{"ci": "liteEngineTag", "iacm": "iacmOpenTofu", "idp": "cookieCutter"}
	fake := startFake(t, fakeharness.Options{})
	names := slices.Sorted(maps.Keys(fields))
	// each writes one block for each module, with its module, field and repository.
	each := func(block string) string {
		var config strings.Builder
		for _, module := range names {
			image, _, _ := strings.Cut(fake.Defaults(module + "/K8")[fields[module]], ":")
			config.WriteString(strings.NewReplacer("MODULE", module, "FIELD", fields[module], "IMAGE", image).Replace(block))
		}
		return config.String()
	}
	const (
		defaults = "data \"harnessci_default_images\" \"MODULE\" {\n  module = \"MODULE\"\n}\n" +
			"output \"MODULE\" {\n  value = data.harnessci_default_images.MODULE.images.FIELD\n}\n"
		customer = "data \"harnessci_customer_images\" \"MODULE\" {\n  module = \"MODULE\"\n  overrides_only = false\n" +
			"  depends_on = [harnessci_image_override.MODULE]\n}\n" +
			"output \"MODULE\" {\n  value = data.harnessci_customer_images.MODULE.images.FIELD\n}\n"
	)
	override := func(lines string) string {
		return "resource \"harnessci_image_override\" \"MODULE\" {\n  module = \"MODULE\"\n  field = \"FIELD\"\n" + lines + "}\n"
	}
	dir := clitest.New(t, "", fake.Env())
	for _, step := range []struct {
		name, config, does string
		tag                string // that runs afterwards; "" for the default
	}{
		{"reads the defaults", defaults, "0 added, 0 changed, 0 destroyed", ""},
		{"sets a tag", override("  value = \"IMAGE:TeethyTiger\"\n") + customer, "3 added, 0 changed, 0 destroyed", "TeethyTiger"},
		{"sets another in place", override("  value = \"IMAGE:RunningFox\"\n") + customer, "0 added, 3 changed, 0 destroyed", "RunningFox"},
		// A difference: the official one resets with value = null, and stays in the state.
		{"resets by its removal", defaults, "0 added, 0 changed, 3 destroyed", ""},
	} {
		dir.Write("main.tf", each(step.config))
		requireSays(t, dir.Must("apply", "-auto-approve"), step.does)
		requireEmptyPlan(t, dir)
		output := dir.Must("output")
		for _, module := range names {
			want := fake.Defaults(module + "/K8")[fields[module]]
			stored := fake.Overrides(module + "/K8")[fields[module]]
			if image, _, _ := strings.Cut(want, ":"); step.tag != "" {
				want = image + ":" + step.tag
			}
			if !strings.Contains(output, module+" ") || !strings.Contains(output, `"`+want+`"`) || (stored == want) != (step.tag != "") {
				t.Errorf("%s: %s has %q stored, want %s:\n%s", step.name, module, stored, want, output)
			}
		}
	}
	for name, test := range map[string]struct{ config, says string }{
		"value = null":              {override("  value = null\n"), "Must set a configuration value for the value attribute"},
		"no value":                  {override(""), `The argument "value" is required, but no definition was found.`},
		"an empty value":            {override("  value = \"\"\n"), "is blank, which means no override"},
		"kind":                      {strings.Replace(override("  value = \"IMAGE:1\"\n"), "module", "kind", 1), `An argument named "kind" is not expected here.`},
		"infra_type":                {override("  value = \"IMAGE:1\"\n  infra_type = \"K8\"\n"), `An argument named "infra_type" is not expected here.`},
		"type of a data source":     {"data \"harnessci_default_images\" \"MODULE\" {\n  type = \"customer\"\n}\n", `An argument named "type" is not expected here.`},
		"a field that is not there": {strings.Replace(override("  value = \"IMAGE:1\"\n"), "FIELD", "noSuchTag", 1), "noSuchTag"},
	} {
		dir.Write("main.tf", each(test.config))
		fake.ResetLog()
		result := dir.Run("plan")
		if result.Code != 1 || !strings.Contains(unwrapped(result.Output), test.says) || fake.Count("writes") > 0 {
			t.Errorf("%s: exit code %d:\n%s", name, result.Code, result.Output)
		}
	}
	// A difference: a tag that its registry does not have is not stored.
	registry := fakeregistry.Start(t, fakeregistry.Options{})
	registry.Push("lite-engine:1", fakeregistry.Multi(1, "linux/amd64"))
	absent := verifying(t, fake, registry, "when_reachable", pin("liteEngineTag", "reg/lite-engine:TeethyTiger"))
	result := absent.Run("apply", "-auto-approve")
	if result.Code != 1 || !strings.Contains(result.Output, "TeethyTiger") || len(fake.Overrides("ci/K8")) > 0 {
		t.Errorf("a tag that does not exist: exit code %d:\n%s", result.Code, result.Output)
	}
}
