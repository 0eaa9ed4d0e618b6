package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// setAddr is where setConfig puts the resource.
const setAddr = "harnessci_image_overrides.test"

// setConfig returns the configuration of a set, the further attributes before its images.
func setConfig(images map[string]string, attributes ...string) string {
	lines := slices.Clone(attributes)
	lines = append(lines, "images = {")
	for _, field := range slices.Sorted(maps.Keys(images)) {
		lines = append(lines, fmt.Sprintf("  %q = %q", field, images[field]))
	}
	lines = append(lines, "}")
	return "resource \"harnessci_image_overrides\" \"test\" {\n  " + strings.Join(lines, "\n  ") + "\n}\n"
}

// newSetWorld returns the world of a set, which owns far more than a test may touch of a real account.
func newSetWorld(t *testing.T, opts fakeharness.Options) *world {
	t.Helper()
	w := newWorld(t, opts)
	w.requireFake("a set would reset what others have overridden")
	return w
}

// lists checks the images of the set in the state.
func lists(images map[string]string) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(setAddr, tfjsonpath.New("images"), exactImages(images))
}

func exactImages(images map[string]string) knownvalue.Check {
	exact := map[string]knownvalue.Check{}
	for field, image := range images {
		exact[field] = knownvalue.StringExact(image)
	}
	return knownvalue.MapExact(exact)
}

// holdsAll is a check, within a step, of all overrides of a scope.
func (w *world) holdsAll(scope string, images map[string]string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if got := w.fake.Overrides(scope); !maps.Equal(got, images) {
			return fmt.Errorf("%s has %v, want %v", scope, got, images)
		}
		return nil
	}
}

func setPlans(action plancheck.ResourceActionType, more ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{
		PreApply:             append(more, plancheck.ExpectResourceAction(setAddr, action)),
		PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
	}
}

var (
	twoImages   = map[string]string{"gitCloneTag": imageA, "gcsUploadTag": "example.com/gcs:1.0.0"}
	otherImages = map[string]string{"gitCloneTag": imageB, "s3UploadTag": "example.com/s3:1.0.0"}
	noImages    = map[string]string{}
)

func TestAccImageOverrides_createUpdateEmptyDestroy(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := newSetWorld(t, fakeharness.Options{})
			w.run(resource.TestCase{Steps: []resource.TestStep{
				{
					Config: s.set(twoImages),
					ConfigPlanChecks: setPlans(plancheck.ResourceActionCreate,
						// The plan shows the defaults and the id, nothing "known after apply".
						plancheck.ExpectKnownValue(setAddr, tfjsonpath.New("id"), knownvalue.StringExact(string(s))),
						plancheck.ExpectKnownValue(setAddr, tfjsonpath.New("module"), s.module()),
						plancheck.ExpectKnownValue(setAddr, tfjsonpath.New("infra"), s.infra())),
					ConfigStateChecks: []statecheck.StateCheck{lists(s.images(twoImages))},
					Check:             resource.ComposeTestCheckFunc(w.holdsAll(string(s), s.images(twoImages)), w.writes(1)),
				},
				{
					Config: s.set(otherImages),
					ConfigPlanChecks: setPlans(plancheck.ResourceActionUpdate,
						plancheck.ExpectKnownValue(setAddr, tfjsonpath.New("id"), knownvalue.StringExact(string(s)))),
					ConfigStateChecks: []statecheck.StateCheck{lists(s.images(otherImages))},
					Check:             resource.ComposeTestCheckFunc(w.holdsAll(string(s), s.images(otherImages)), w.writes(3)),
				},
				{
					Config:            s.set(noImages),
					ConfigPlanChecks:  setPlans(plancheck.ResourceActionUpdate),
					ConfigStateChecks: []statecheck.StateCheck{lists(noImages)},
					Check:             resource.ComposeTestCheckFunc(w.holdsAll(string(s), noImages), w.writes(4)),
				},
				{Config: s.set(noImages), Destroy: true},
			}})
			if got := w.fake.Count("writes"); got != 4 {
				t.Errorf("%d writes, want none for the destroy of an empty set", got)
			}
		})
	}
}

func TestAccImageOverrides_emptySetResetsEverything(t *testing.T) {
	t.Parallel()
	w := newSetWorld(t, fakeharness.Options{})
	w.setOutside(gitCloneID, imageA)
	w.setOutside("ci/VM/gitCloneTag", imageA)
	w.run(resource.TestCase{
		Steps: []resource.TestStep{{
			Config:           setConfig(noImages),
			ConfigPlanChecks: setPlans(plancheck.ResourceActionCreate),
			Check: resource.ComposeTestCheckFunc(w.writes(1),
				w.holdsAll("ci/K8", noImages), w.holdsAll("ci/VM", map[string]string{"gitCloneTag": imageA})),
		}},
		CheckDestroy: w.holdsAll("ci/VM", map[string]string{"gitCloneTag": imageA}),
	})
}

func TestAccImageOverrides_driftIsPlannedAway(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			for name, drift := range map[string]map[string]string{
				"added":    {"securityTag": "example.com/sto:1.0.0"},
				"changed":  {"gitCloneTag": imageB},
				"removed":  {"gitCloneTag": ""},
				"all gone": {"gitCloneTag": "", "gcsUploadTag": ""},
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					w := newSetWorld(t, fakeharness.Options{})
					w.run(resource.TestCase{Steps: []resource.TestStep{
						{Config: s.set(twoImages)},
						{
							PreConfig: func() {
								for field, image := range drift {
									w.setOutside(s.id(s.field(field)), image)
								}
							},
							Config:           s.set(twoImages),
							ConfigPlanChecks: setPlans(plancheck.ResourceActionUpdate),
							Check:            w.holdsAll(string(s), s.images(twoImages)),
						},
					}})
				})
			}
		})
	}
}

func TestAccImageOverrides_everyModuleHasItsOwn(t *testing.T) {
	t.Parallel()
	w := newSetWorld(t, fakeharness.Options{})
	iacm := map[string]string{"iacmOpenTofu": "example.com/tofu:1.0.0"}
	idp := map[string]string{"slackNotify": "example.com/notify:1.0.0"}
	w.run(resource.TestCase{Steps: []resource.TestStep{
		{Config: setConfig(iacm, `module = "iacm"`), Check: w.holdsAll("iacm/K8", iacm)},
		{
			Config: setConfig(idp, `module = "idp"`, `infra = "VM"`),
			ConfigPlanChecks: setPlans(plancheck.ResourceActionReplace,
				plancheck.ExpectKnownValue(setAddr, tfjsonpath.New("id"), knownvalue.StringExact("idp/VM"))),
			Check: resource.ComposeTestCheckFunc(w.holdsAll("idp/VM", idp), w.holdsAll("iacm/K8", noImages)),
		},
	}})
}

// Whether or not the server lists an override that equals the default, its plan must settle.
func TestAccImageOverrides_pinToDefaultSettles(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			for name, hide := range map[string]bool{"listed": false, "hidden": true} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					w := newSetWorld(t, fakeharness.Options{HideDefaults: hide})
					pinned := s.images(map[string]string{"gitCloneTag": w.defaultImage(s.gitCloneID()), "gcsUploadTag": "example.com/gcs:1.0.0"})
					less := s.images(map[string]string{"gcsUploadTag": "example.com/gcs:1.0.0"})
					writes := 2
					if hide {
						writes = 3 // that the pin does not show is no proof of its reset
					}
					w.run(resource.TestCase{Steps: []resource.TestStep{
						{
							Config:            s.set(pinned),
							ConfigPlanChecks:  setPlans(plancheck.ResourceActionCreate),
							ConfigStateChecks: []statecheck.StateCheck{lists(pinned)},
							Check:             resource.ComposeTestCheckFunc(w.holdsAll(string(s), pinned), w.writes(1)),
						},
						{
							// Harness ships a new default; the pin stays what it was.
							PreConfig:        func() { w.fake.SetDefault(string(s), "gitCloneTag", "harness/drone-git:9.9.9-rootless") },
							Config:           s.set(pinned),
							ConfigPlanChecks: setPlans(plancheck.ResourceActionNoop),
							Check:            w.writes(1),
						},
						{
							PreConfig:        func() { w.fake.SetDefault(string(s), "gitCloneTag", pinned["gitCloneTag"]) },
							Config:           s.set(less),
							ConfigPlanChecks: setPlans(plancheck.ResourceActionUpdate),
							Check:            resource.ComposeTestCheckFunc(w.holdsAll(string(s), less), w.writes(writes)),
						},
					}})
				})
			}
		})
	}
}

func TestAccImageOverrides_importByEitherID(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			for _, id := range s.forms(string(s)) {
				for name, images := range map[string]map[string]string{"two": twoImages, "none": noImages} {
					t.Run(id+" with "+name, func(t *testing.T) {
						t.Parallel()
						w := newSetWorld(t, fakeharness.Options{})
						for field, image := range images {
							w.setOutside(s.id(s.field(field)), image)
						}
						w.run(resource.TestCase{Steps: []resource.TestStep{
							{
								Config:            setImport(`id = "`+id+`"`, s.set(images)),
								ConfigPlanChecks:  setPlans(plancheck.ResourceActionNoop),
								ConfigStateChecks: []statecheck.StateCheck{lists(s.images(images))},
								Check:             w.writes(0),
							},
							{ResourceName: setAddr, ImportState: true, ImportStateId: id, ImportStateVerify: true},
							{Config: s.set(images), PlanOnly: true},
						}})
					})
				}
			}
		})
	}
}

// setImport returns a configuration that imports into setAddr.
func setImport(what, config string) string {
	return "import {\n  to = " + setAddr + "\n  " + what + "\n}\n" + config
}

func TestAccImageOverrides_importErrors(t *testing.T) {
	t.Parallel()
	w := newSetWorld(t, fakeharness.Options{})
	var steps []resource.TestStep
	for id, want := range map[string]string{
		"k9":                `In "k9", the infra is one of "K8", "VM", "ECS", not "k9". ` + scopeIDForms,
		"ci/K8/gitCloneTag": `the infra is one of "K8", "VM", "ECS", not "K8/gitCloneTag".`,
		"dbops/K8":          `the module dbops has no infra: omit infra.`,
		"cd/K8":             `the module is one of "ci", "iacm", "idp", "dbops", not "cd".`,
		"/":                 `the module is one of "ci", "iacm", "idp", "dbops", not "".`,
	} {
		steps = append(steps, resource.TestStep{Config: setImport(`id = "`+id+`"`, setConfig(noImages)), ExpectError: says(want)})
	}
	w.run(resource.TestCase{Steps: steps})
	w.requireSilence()
}

func TestAccImageOverrides_identity(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := newSetWorld(t, fakeharness.Options{})
			check, identity := s.identity("test-account", "")
			is := statecheck.ExpectIdentity(setAddr, check)
			for field, image := range twoImages {
				w.setOutside(s.id(s.field(field)), image)
			}
			w.run(resource.TestCase{
				TerraformVersionChecks: []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)},
				Steps: []resource.TestStep{
					{
						Config:      setImport(`identity = { account_id = "another", `+identity+` }`, s.set(twoImages)),
						ExpectError: says("Could not import from another account"),
					},
					{
						Config:      setImport(`identity = { module = "ci", infra = "k9" }`, s.set(twoImages)),
						ExpectError: says(`The infra is one of "K8", "VM", "ECS", not "k9".`),
					},
					{
						Config:            setImport(`identity = { `+identity+` }`, s.set(twoImages)),
						ConfigPlanChecks:  setPlans(plancheck.ResourceActionNoop),
						ConfigStateChecks: []statecheck.StateCheck{is, lists(s.images(twoImages))},
						Check:             w.writes(0),
					},
					{Config: s.set(otherImages), ConfigStateChecks: []statecheck.StateCheck{is}},
					{ResourceName: setAddr, ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity},
					{
						Config: setConfig(otherImages, `infra = "VM"`), // a replacement gets its own
						ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectIdentity(setAddr, map[string]knownvalue.Check{
							"account_id": knownvalue.StringExact("test-account"),
							"module":     knownvalue.StringExact("ci"),
							"infra":      knownvalue.StringExact("VM"),
						})},
					},
				},
			})
		})
	}
}

func TestAccImageOverrides_anotherAccountIsAnError(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := newSetWorld(t, fakeharness.Options{})
			w.fake.AddAccount("other-account")
			other := withProvider(`account_id = "other-account"`, s.set(otherImages))
			w.run(resource.TestCase{Steps: []resource.TestStep{
				{Config: s.set(twoImages)},
				{Config: other, PlanOnly: true, ExpectError: says("It was created in account test-account, and the provider now points at account other-account.")},
				{Config: other, Destroy: true, ExpectError: says("The state of " + string(s) + " belongs to another account")},
				{Config: s.set(twoImages), ConfigPlanChecks: setPlans(plancheck.ResourceActionNoop), Check: w.holdsAll(string(s), s.images(twoImages))},
			}})
			for _, r := range w.fake.Requests() {
				if r.Account != "test-account" {
					t.Errorf("%s was sent to account %s", r.Call, r.Account)
				}
			}
		})
	}
}
