package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

const gitSet = `
resource "harnessci_image_overrides" "all" {
  images = { gitCloneTag = "` + gitOlder + `", gcsUploadTag = "plugins/gcs:1.6.0" }
}
`

// importOf returns a block that imports ci/K8/gitCloneTag.
func importOf(name string) string {
	return `
import {
  to = harnessci_image_override.` + name + `
  id = "ci/K8/gitCloneTag"
}
`
}

// leftDeposed gives the one instance in a state a deposed twin, as a create_before_destroy replacement that
// is interrupted between its create and its destroy leaves it.
func leftDeposed(t *testing.T, dir *clitest.Dir) {
	t.Helper()
	var state map[string]any
	if err := json.Unmarshal([]byte(dir.Read("terraform.tfstate")), &state); err != nil {
		t.Fatal(err)
	}
	resources, _ := state["resources"].([]any)
	held, _ := resources[0].(map[string]any)
	instances, _ := held["instances"].([]any)
	instance, _ := instances[0].(map[string]any)
	deposed := maps.Clone(instance)
	deposed["deposed"] = "0badcafe"
	text, _ := instance["private"].(string)
	content, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	var private map[string]string
	if err := json.Unmarshal(content, &private); err != nil {
		t.Fatal(err)
	}
	private["object_id"] = base64.StdEncoding.EncodeToString([]byte(`"the object that was replaced"`))
	if content, err = json.Marshal(private); err != nil {
		t.Fatal(err)
	}
	deposed["private"] = base64.StdEncoding.EncodeToString(content)
	held["instances"] = append(instances, deposed)
	serial, _ := state["serial"].(float64)
	state["serial"] = serial + 1
	if content, err = json.Marshal(state); err != nil {
		t.Fatal(err)
	}
	dir.Write("terraform.tfstate", string(content))
}

// Two objects in a state have one override. However that came about, apply and destroy resolve it: what
// should stay is stored at all times, and nothing is left at the end.
func TestAccEveryStateWithTwoObjectsOfAnOverrideCanBeResolved(t *testing.T) {
	t.Parallel()
	one, other := single("one", "gitCloneTag", gitOlder), single("other", "gitCloneTag", gitOlder)
	for name, enter := range map[string]func(t *testing.T, dir *clitest.Dir) (config string){
		"a deposed object": func(t *testing.T, dir *clitest.Dir) string {
			t.Helper()
			dir.Must("apply", "-auto-approve")
			leftDeposed(t, dir)
			return one
		},
		"a rename with -target": func(t *testing.T, dir *clitest.Dir) string {
			t.Helper()
			dir.Must("apply", "-auto-approve")
			dir.Write("main.tf", other)
			dir.Must("apply", "-auto-approve", "-target=harnessci_image_override.other")
			return other
		},
		"single overrides to a set with -target": func(t *testing.T, dir *clitest.Dir) string {
			t.Helper()
			dir.Write("main.tf", one+single("gcs", "gcsUploadTag", "plugins/gcs:1.6.0"))
			dir.Must("apply", "-auto-approve")
			dir.Write("main.tf", gitSet)
			dir.Must("apply", "-auto-approve", "-target=harnessci_image_overrides.all")
			return gitSet
		},
		"a set to single overrides with -target": func(t *testing.T, dir *clitest.Dir) string {
			t.Helper()
			dir.Write("main.tf", gitSet)
			dir.Must("apply", "-auto-approve")
			dir.Write("main.tf", one)
			dir.Must("apply", "-auto-approve", "-target=harnessci_image_override.one")
			return one
		},
		"two imports of one override": func(t *testing.T, dir *clitest.Dir) string {
			t.Helper()
			dir.Must("apply", "-auto-approve")
			dir.Write("main.tf", one+other)
			dir.Must("import", "harnessci_image_override.other", "ci/K8/gitCloneTag")
			if result := dir.Run("plan"); result.Code != 1 || !strings.Contains(unwrapped(result.Output), "nother resource has the same override") {
				t.Errorf("both may stay:\n%s", result.Output)
			}
			return other
		},
	} {
		for _, way := range []string{"apply", "destroy"} {
			t.Run(name+"/"+way, func(t *testing.T) {
				t.Parallel()
				fake := startFake(t, fakeharness.Options{})
				dir := clitest.New(t, one, fake.Env())
				config := enter(t, dir)
				if way == "destroy" {
					if output := dir.Must("destroy", "-auto-approve"); len(fake.Overrides("ci/K8")) > 0 {
						t.Errorf("left on the server: %v\n%s", fake.Overrides("ci/K8"), output)
					}
					return
				}
				dir.Write("main.tf", config)
				output := dir.Must("apply", "-auto-approve")
				if got := fake.Overrides("ci/K8")["gitCloneTag"]; got != gitOlder {
					t.Errorf("the server has %q:\n%s", got, output)
				}
				if !strings.Contains(unwrapped(output), "names a deposed object, that is the other one, left behind by an interrupted replacement") {
					t.Errorf("not reported:\n%s", output)
				}
				requireEmptyPlan(t, dir)
				dir.Must("destroy", "-auto-approve")
				if left := fake.Overrides("ci/K8"); len(left) > 0 {
					t.Errorf("left on the server: %v", left)
				}
			})
		}
	}
}

// An override that a resource has is not overwritten by a second one, whatever its image.
func TestAccASecondResourceOfAnOverrideIsAnErrorAtPlan(t *testing.T) {
	t.Parallel()
	one := single("one", "gitCloneTag", gitOlder)
	for name, test := range map[string]struct{ first, second, says string }{
		"same image":            {one, single("two", "gitCloneTag", gitOlder), "nother resource has the same override"},
		"another image":         {one, single("two", "gitCloneTag", gitDefault), "nother resource has the same override"},
		"by a change of field":  {one + single("two", "gcsUploadTag", gitDefault), "", "nother resource has the same override"},
		"a second set":          {gitSet, strings.Replace(gitSet, `"all"`, `"second"`, 1), "wo exclusive sets"},
		"a second, empty set":   {gitSet, "resource \"harnessci_image_overrides\" \"second\" {\n  images = {}\n}\n", "wo exclusive sets"},
		"a set beside a single": {one, gitSet, "conflict with an exclusive set"},
		"a single beside a set": {gitSet, one, "conflict with an exclusive set"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			dir := clitest.New(t, test.first, fake.Env())
			dir.Must("apply", "-auto-approve")
			if test.second == "" {
				dir.Write("main.tf", one+single("two", "gitCloneTag", gitDefault))
			} else {
				dir.Write("main.tf", test.first+test.second)
			}
			requirePlanError(t, fake, dir, test.says)
			dir.Write("main.tf", test.first)
			requireEmptyPlan(t, dir)
		})
	}
}
