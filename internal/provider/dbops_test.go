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

const dbopsID = "dbops/gitCloneTag"

func dbopsOverride(image string) string {
	return overrideConfig(image, `module = "dbops"`, `field = "gitCloneTag"`)
}

func TestAccDBOps_overrideLivesWithoutInfra(t *testing.T) {
	t.Parallel()
	for _, underGateway := range []bool{false, true} {
		w := newWorld(t, fakeharness.Options{DBOpsUnderGateway: underGateway}, dbopsID)
		w.requireFake("the base is a knob of the fake")
		w.run(resource.TestCase{Steps: []resource.TestStep{
			{
				Config: dbopsOverride(imageA),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectKnownValue(addr, tfjsonpath.New("id"), knownvalue.StringExact(dbopsID)),
					plancheck.ExpectKnownValue(addr, tfjsonpath.New("infra"), knownvalue.Null()),
				}},
				ConfigStateChecks: []statecheck.StateCheck{
					is("id", dbopsID), statecheck.ExpectKnownValue(addr, tfjsonpath.New("infra"), knownvalue.Null()),
				},
				Check: resource.ComposeTestCheckFunc(w.holds(dbopsID, imageA), w.writes(1)),
			},
			{ResourceName: addr, ImportState: true, ImportStateId: dbopsID, ImportStateVerify: true},
			{
				PreConfig:        func() { w.setOutside(dbopsID, imageB) },
				Config:           dbopsOverride(imageA),
				ConfigPlanChecks: plans(plancheck.ResourceActionUpdate),
				Check:            w.holds(dbopsID, imageA),
			},
			{
				PreConfig:        func() { w.setOutside(dbopsID, "") },
				Config:           dbopsOverride(imageA),
				ConfigPlanChecks: plans(plancheck.ResourceActionCreate),
				Check:            w.holds(dbopsID, imageA),
			},
			{Config: dbopsOverride(imageB), Check: w.holds(dbopsID, imageB)},
			{Config: gitClone(imageB), ConfigPlanChecks: plans(plancheck.ResourceActionReplace), Check: w.holds(gitCloneID, imageB)},
		}})
	}
}

func TestAccDBOps_setAndDataSources(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{}, dbopsID)
	w.requireFake("it reads the defaults of the fake")
	const set = "harnessci_image_overrides.dbops"
	config := `
resource "harnessci_image_overrides" "dbops" {
  module = "dbops"
  images = { gitCloneTag = "` + imageA + `" }
}
data "harnessci_default_images" "dbops" { module = "dbops" }
data "harnessci_customer_images" "dbops" {
  module     = "dbops"
  depends_on = [harnessci_image_overrides.dbops]
}
data "harnessci_image_status" "dbops" {
  module     = "dbops"
  depends_on = [harnessci_image_overrides.dbops]
}`
	at := func(address, attribute string, want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(address, tfjsonpath.New(attribute), want)
	}
	w.run(resource.TestCase{Steps: []resource.TestStep{
		{
			Config: config,
			ConfigStateChecks: []statecheck.StateCheck{
				at(set, "id", knownvalue.StringExact("dbops")), at(set, "infra", knownvalue.Null()),
				at("data.harnessci_default_images.dbops", "infra", knownvalue.Null()),
				at("data.harnessci_customer_images.dbops", "images", knownvalue.MapExact(map[string]knownvalue.Check{
					"gitCloneTag": knownvalue.StringExact(imageA),
				})),
				at("data.harnessci_image_status.dbops", "infra", knownvalue.Null()),
				at("data.harnessci_image_status.dbops", "connector", knownvalue.NotNull()),
				at("data.harnessci_image_status.dbops", "images", knownvalue.MapPartial(map[string]knownvalue.Check{
					"gitCloneTag": knownvalue.ObjectPartial(map[string]knownvalue.Check{
						"effective": knownvalue.StringExact(imageA), "pulled": knownvalue.StringExact(imageA), "releases_behind": knownvalue.Int64Exact(0),
					}),
				})),
			},
			Check: w.holds(dbopsID, imageA),
		},
		{ResourceName: set, ImportState: true, ImportStateId: "dbops", ImportStateVerify: true},
	}})
}

func TestAccDBOps_anInfraIsAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{}, dbopsID)
	w.run(resource.TestCase{Steps: []resource.TestStep{{
		Config:      overrideConfig(imageA, `module = "dbops"`, `infra = "K8"`, `field = "gitCloneTag"`),
		ExpectError: says("The module dbops has no infra: omit infra"),
	}}})
	w.requireNoWrites()
}

func TestDBOpsIsListedWithoutInfra(t *testing.T) {
	t.Parallel()
	fake := fakeharness.Start(t, fakeharness.Options{})
	fake.SetOverride("dbops", "gitCloneTag", imageA)
	found, failed := query(t, fake, nil, map[string]any{"module": "dbops"}, 10)
	if failed != "" || len(found) != 1 || found[0].DisplayName == "" {
		t.Errorf("%v %s", found, failed)
	}
}

func TestAccDBOps_aRefusedWriteShowsTheServersMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{}, dbopsID)
	fake := w.requireFake("it injects a fault")
	fake.Inject(fakeharness.Fault{Call: "update-config", Scope: "dbops", Status: 403, Body: `{"message":"no edit permission"}`})
	w.run(resource.TestCase{Steps: []resource.TestStep{
		{Config: dbopsOverride(imageA), ExpectError: says("no edit permission")},
		{Config: dbopsOverride(imageA), Check: w.holds(dbopsID, imageA)},
	}})
}

func TestAccDBOps_aProxyThatPassesTheGatewayOnlyIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{}, dbopsID)
	fake := w.requireFake("it injects a fault")
	fake.Inject(fakeharness.Fault{Scope: "dbops", Times: -1, Status: 404, Body: "<html>no route</html>"})
	w.run(resource.TestCase{Steps: []resource.TestStep{{
		Config:      dbopsOverride(imageA),
		ExpectError: says("lets /v1/dbops/ through"),
	}}})
	w.requireNoWrites()
}
