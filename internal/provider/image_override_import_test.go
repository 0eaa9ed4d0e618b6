package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// importBlock returns a configuration that imports into addr.
func importBlock(what, config string) string {
	return "import {\n  to = " + addr + "\n  " + what + "\n}\n" + config
}

// The override exists, set by hand: the import adopts it without a write.
func TestAccImageOverride_importByEitherID(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			for _, id := range s.forms(s.gitCloneID()) {
				t.Run(id, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, fakeharness.Options{}, s.gitCloneID())
					w.setOutside(s.gitCloneID(), imageA)
					w.run(resource.TestCase{Steps: []resource.TestStep{
						{
							Config:           importBlock(`id = "`+id+`"`, s.gitClone(imageA)),
							ConfigPlanChecks: plans(plancheck.ResourceActionNoop),
							ConfigStateChecks: []statecheck.StateCheck{
								is("id", s.gitCloneID()), s.isIn(addr), is("field", "gitCloneTag"), is("value", imageA),
							},
							Check: resource.ComposeTestCheckFunc(w.writes(0), w.holds(s.gitCloneID(), imageA)),
						},
						{Config: s.gitClone(imageA), PlanOnly: true},
					}})
				})
			}
		})
	}
}

func TestAccImageOverride_importCommandYieldsTheSameState(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{}, s.gitCloneID())
			w.run(resource.TestCase{Steps: []resource.TestStep{
				{Config: s.gitClone(imageA)},
				{ResourceName: addr, ImportState: true, ImportStateVerify: true},
				{ResourceName: addr, ImportState: true, ImportStateId: strings.TrimPrefix(s.gitCloneID(), "ci/"), ImportStateVerify: true},
				{Config: s.gitClone(imageA), PlanOnly: true},
			}})
		})
	}
}

func TestAccImageOverride_identity(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{}, s.gitCloneID())
			account := w.env[envAccountID]
			identity, _ := s.identity(account, "gitCloneTag")
			w.run(resource.TestCase{
				TerraformVersionChecks: []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)},
				Steps: []resource.TestStep{
					{
						Config:            s.gitClone(imageA),
						ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectIdentity(addr, identity)},
					},
					{Config: s.gitClone(imageB)}, // an update keeps it
					{ResourceName: addr, ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity},
					{
						Config: overrideConfig(imageA, `infra = "VM"`, `field = "gitCloneTag"`), // a replacement gets its own
						ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectIdentity(addr, map[string]knownvalue.Check{
							"account_id": knownvalue.StringExact(account),
							"module":     knownvalue.StringExact("ci"),
							"infra":      knownvalue.StringExact("VM"),
							"field":      knownvalue.StringExact("gitCloneTag"),
						})},
					},
				},
			})
		})
	}
}

func TestAccImageOverride_importByIdentityWithoutAccount(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{}, s.gitCloneID())
			w.setOutside(s.gitCloneID(), imageA)
			_, identity := s.identity("", "gitCloneTag")
			w.run(resource.TestCase{
				TerraformVersionChecks: []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)},
				Steps: []resource.TestStep{
					{
						Config:      importBlock(`identity = { account_id = "another", `+identity+` }`, s.gitClone(imageA)),
						ExpectError: says(`Could not import from another account`),
					},
					{
						Config:      importBlock(`identity = { module = "ci", infra = "k9", field = "gitCloneTag" }`, s.gitClone(imageA)),
						ExpectError: says(`The infra is one of "K8", "VM", "ECS", not "k9".`),
					},
					{
						Config:           importBlock(`identity = { `+identity+` }`, s.gitClone(imageA)),
						ConfigPlanChecks: plans(plancheck.ResourceActionNoop),
						ConfigStateChecks: []statecheck.StateCheck{
							is("id", s.gitCloneID()), is("value", imageA),
							statecheck.ExpectIdentityValueMatchesState(addr, tfjsonpath.New("field")),
						},
						Check: w.writes(0),
					},
					{Config: s.gitClone(imageA), PlanOnly: true},
				},
			})
		})
	}
}

func TestAccImageOverride_importErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{}, gitCloneID)
	steps := make([]resource.TestStep, 0, 8)
	for _, test := range []struct{ id, want string }{
		{"gitCloneTag", `"gitCloneTag" does not have two or three parts between slashes. The id of an override is module/infra/field, such as ci/K8/gitCloneTag,`},
		{"a/ci/K8/gitCloneTag", `does not have two or three parts`},
		{"ci/k8/gitCloneTag", `has no override of ci/K8/gitCloneTag.`},
		{"k9/gitCloneTag", `the infra is one of "K8", "VM", "ECS", not "k9".`},
		{"CI/K8/gitCloneTag", `the module is written "ci", not "CI".`},
		{"iacm/K8/", `the field "" does not consist of`},
		{"ci/K8/gitCloneTag", `Account ` + w.env[envAccountID] + ` has no override of ci/K8/gitCloneTag. The default runs: ` +
			w.defaultImage(gitCloneID) + `. To override it, apply the resource without importing it.`},
		{"dbops/K8/gitCloneTag", `the module dbops has no infra: omit infra.`},
		{"dbops", `"dbops" does not have two or three parts between slashes.`},
		{"dbops/gitCloneTag", `Account ` + w.env[envAccountID] + ` has no override of dbops/gitCloneTag.`},
		{"ci/K8/gitClownTag", `The defaults of ci/K8 show no such field either`},
	} {
		steps = append(steps, resource.TestStep{
			Config:      importBlock(`id = "`+test.id+`"`, gitClone(imageA)),
			ExpectError: says(test.want),
		})
	}
	w.run(resource.TestCase{Steps: steps})
}
