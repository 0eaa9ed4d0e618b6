package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

const (
	gitCloneID = "ci/K8/gitCloneTag"
	imageA     = "registry.example.com/mirror/drone-git:1.6.8-rootless"
	imageB     = "registry.example.com/mirror/drone-git:1.6.7-rootless"
)

// is checks one attribute of the resource under test.
func is(attribute, value string) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(addr, tfjsonpath.New(attribute), knownvalue.StringExact(value))
}

// plans checks what a step's plan does to the resource under test.
func plans(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(addr, action)}}
}

func TestAccImageOverride_createUpdateDestroy(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{}, s.gitCloneID())
			w.run(resource.TestCase{Steps: []resource.TestStep{
				{
					Config: s.gitClone(imageA),
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(addr, plancheck.ResourceActionCreate),
						// The plan shows the defaults and the id, nothing "known after apply".
						plancheck.ExpectKnownValue(addr, tfjsonpath.New("id"), knownvalue.StringExact(s.gitCloneID())),
						plancheck.ExpectKnownValue(addr, tfjsonpath.New("module"), s.module()),
						plancheck.ExpectKnownValue(addr, tfjsonpath.New("infra"), s.infra()),
					}},
					ConfigStateChecks: []statecheck.StateCheck{
						is("id", s.gitCloneID()), s.isIn(addr), is("field", "gitCloneTag"), is("value", imageA),
					},
					Check: resource.ComposeTestCheckFunc(w.holds(s.gitCloneID(), imageA), w.writes(1)),
				},
				{
					Config: s.gitClone(imageB),
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(addr, plancheck.ResourceActionUpdate),
						plancheck.ExpectKnownValue(addr, tfjsonpath.New("id"), knownvalue.StringExact(s.gitCloneID())),
					}},
					ConfigStateChecks: []statecheck.StateCheck{is("value", imageB)},
					Check:             resource.ComposeTestCheckFunc(w.holds(s.gitCloneID(), imageB), w.writes(2)),
				},
			}})
			if w.fake != nil && w.fake.Count("reset-config") != 1 {
				t.Errorf("destroy sent %d resets, want 1", w.fake.Count("reset-config"))
			}
		})
	}
}

func TestAccImageOverride_infraInAnyCaseIsOneInfra(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{}, gitCloneID)
	in := func(infra string) string {
		return overrideConfig(imageA, "infra = \""+infra+"\"", `field = "gitCloneTag"`)
	}
	unchanged := func(infra string) resource.TestStep {
		return resource.TestStep{
			Config: in(infra), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			ConfigStateChecks: []statecheck.StateCheck{is("id", gitCloneID), is("infra", "k8")}, Check: w.writes(1),
		}
	}
	w.run(resource.TestCase{Steps: []resource.TestStep{
		{Config: in("k8"), ConfigStateChecks: []statecheck.StateCheck{is("id", gitCloneID), is("infra", "k8")}, Check: w.writes(1)},
		unchanged("K8"),
		{Config: gitClone(imageA), PlanOnly: true},
		unchanged("k8"),
		{ResourceName: addr, ImportState: true, ImportStateId: "CI/k8/gitCloneTag", ExpectError: says(`the module is written "ci"`)},
		{ResourceName: addr, ImportState: true, ImportStateId: "ci/k8/gitCloneTag", ImportStateVerify: true, ImportStateVerifyIgnore: []string{"infra"}},
	}})
}

func TestAccImageOverride_driftByChangeIsShownAndRepaired(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{}, s.gitCloneID())
			w.run(resource.TestCase{Steps: []resource.TestStep{
				{Config: s.gitClone(imageA)},
				{
					PreConfig:        func() { w.setOutside(s.gitCloneID(), imageB) },
					Config:           s.gitClone(imageA),
					ConfigPlanChecks: plans(plancheck.ResourceActionUpdate),
					Check:            w.holds(s.gitCloneID(), imageA),
				},
			}})
		})
	}
}

func TestAccImageOverride_driftByRemovalIsShownAndRepaired(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{}, s.gitCloneID())
			w.run(resource.TestCase{Steps: []resource.TestStep{
				{Config: s.gitClone(imageA)},
				{
					PreConfig:        func() { w.setOutside(s.gitCloneID(), "") },
					Config:           s.gitClone(imageA),
					ConfigPlanChecks: plans(plancheck.ResourceActionCreate),
					Check:            w.holds(s.gitCloneID(), imageA),
				},
			}})
		})
	}
}

func TestAccImageOverride_keyAttributesReplace(t *testing.T) {
	t.Parallel()
	const vm, gcs = "ci/VM/gitCloneTag", "ci/VM/gcsUploadTag"
	w := newWorld(t, fakeharness.Options{}, gitCloneID, vm, gcs)
	moved := func(config, id, left string) resource.TestStep {
		return resource.TestStep{
			Config: config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(addr, plancheck.ResourceActionReplace),
				plancheck.ExpectKnownValue(addr, tfjsonpath.New("id"), knownvalue.StringExact(id)),
			}},
			ConfigStateChecks: []statecheck.StateCheck{is("id", id)},
			Check:             resource.ComposeTestCheckFunc(w.holds(id, imageA), w.holds(left, "")),
		}
	}
	w.run(resource.TestCase{Steps: []resource.TestStep{
		{Config: gitClone(imageA)},
		moved(overrideConfig(imageA, `infra = "VM"`, `field = "gitCloneTag"`), vm, gitCloneID),
		moved(overrideConfig(imageA, `infra = "VM"`, `field = "gcsUploadTag"`), gcs, vm),
	}})
}

func TestAccImageOverride_moduleReplacesAndHasItsOwnPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{})
	fake := w.requireFake("an account need not have IaCM and IDP")
	w.run(resource.TestCase{Steps: []resource.TestStep{
		{
			Config: overrideConfig("example.com/tofu:1.0.0", `module = "iacm"`, `field = "iacmOpenTofu"`),
			Check:  w.holds("iacm/K8/iacmOpenTofu", "example.com/tofu:1.0.0"),
		},
		{
			Config:           overrideConfig("example.com/notify:1.0.0", `module = "idp"`, `infra = "VM"`, `field = "slackNotify"`),
			ConfigPlanChecks: plans(plancheck.ResourceActionReplace),
			Check: resource.ComposeTestCheckFunc(
				w.holds("idp/VM/slackNotify", "example.com/notify:1.0.0"), w.holds("iacm/K8/iacmOpenTofu", "")),
		},
	}})
	paths := map[string]bool{}
	for _, r := range fake.Requests() {
		paths[r.Path] = true
	}
	for _, path := range []string{"/gateway/iacm-manager/execution-config/update-config", "/gateway/idp/execution-config/reset-config"} {
		if !paths[path] {
			t.Errorf("nothing was sent to %s, only to %v", path, paths)
		}
	}
}

// Whether or not the server lists an override that equals the default, its plan must settle.
func TestAccImageOverride_pinToDefaultSettles(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			for name, test := range map[string]struct {
				hide   bool
				writes int
			}{
				"listed": {false, 1},
				"hidden": {true, 2}, // nothing shows the first: it takes a second acknowledgement
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, fakeharness.Options{HideDefaults: test.hide}, s.gitCloneID())
					pin := w.defaultImage(s.gitCloneID())
					w.run(resource.TestCase{Steps: []resource.TestStep{
						{
							Config:            s.gitClone(pin),
							ConfigPlanChecks:  resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
							ConfigStateChecks: []statecheck.StateCheck{is("value", pin)},
							Check:             w.writes(test.writes),
						},
						{
							// Harness ships a new default; the pin stays what it was.
							PreConfig: func() {
								if w.fake != nil {
									w.fake.SetDefault(string(s), "gitCloneTag", "harness/drone-git:9.9.9-rootless")
								}
							},
							Config:           s.gitClone(pin),
							ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
							Check:            w.writes(test.writes),
						},
					}})
				})
			}
		})
	}
}

func TestAccImageOverride_invalidValuesFailBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ config, want string }{
		"module of a path":     {overrideConfig(imageA, `module = "iacm-manager"`, `field = "gitCloneTag"`), `There is no module "iacm-manager": did you mean "iacm"?`},
		"unknown infra":        {overrideConfig(imageA, `infra = "windows"`, `field = "gitCloneTag"`), `The infra is one of "K8", "VM", "ECS", not "windows".`},
		"module in upper case": {overrideConfig(imageA, `module = "CI"`, `field = "gitCloneTag"`), `The module is written "ci", not "CI".`},
		"empty field":          {overrideConfig(imageA, `field = ""`), `The field "" does not consist of`},
		"field with a slash":   {overrideConfig(imageA, `field = "a/b"`), `The field "a/b" does not consist of`},
		"empty image":          {gitClone(""), "Invalid image reference"},
		"image with a scheme":  {gitClone("https://example.com/a:1"), `it has the scheme "https://"`},
		"image with a space":   {gitClone("a b:1"), "it contains white space"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{})
			w.run(resource.TestCase{Steps: []resource.TestStep{{Config: test.config, ExpectError: says(test.want)}}})
			w.requireNoWrites()
		})
	}
}
