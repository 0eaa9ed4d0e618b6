package provider

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

func TestAccDefaultImages_ofEachScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{})
	const k8, vm = "data.harnessci_default_images.k8", "data.harnessci_default_images.vm"
	attribute := func(addr, name string, want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(addr, tfjsonpath.New(name), want)
	}
	image := func(id string) knownvalue.Check {
		return knownvalue.MapPartial(map[string]knownvalue.Check{parsed(t, id).Field: knownvalue.StringExact(w.defaultImage(id))})
	}
	w.run(resource.TestCase{Steps: []resource.TestStep{{
		Config: `
			data "harnessci_default_images" "k8" {}
			data "harnessci_default_images" "vm" {
			  module = "ci"
			  infra  = "VM"
			}`,
		ConfigStateChecks: []statecheck.StateCheck{
			attribute(k8, "module", knownvalue.StringExact("ci")),
			attribute(k8, "infra", knownvalue.StringExact("K8")),
			attribute(k8, "images", image("ci/K8/gitCloneTag")),
			attribute(k8, "images", image("ci/K8/liteEngineTag")),
			attribute(vm, "infra", knownvalue.StringExact("VM")),
			attribute(vm, "images", image("ci/VM/buildAndPushDockerRegistryTag")),
		},
	}}})
}

// What the guides pin is what an override can change: no field of another module, and none that is refused.
func TestAccDefaultImages_ownImages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{ForeignFields: true})
	fake := w.requireFake("it knows the fake's defaults")
	const data = "data.harnessci_default_images.vm"
	want := map[string]string{}
	for _, field := range fake.Settable("ci/VM") {
		if !strings.HasPrefix(field, "iacm") && fake.Defaults("idp/K8")[field] == "" && !strings.HasPrefix(field, "create") &&
			field != "directPush" && field != "updateCatalogProperty" {
			want[field] = fake.Defaults("ci/VM")[field]
		}
	}
	w.run(resource.TestCase{Steps: []resource.TestStep{{
		Config: `data "harnessci_default_images" "vm" { infra = "VM" }`,
		ConfigStateChecks: []statecheck.StateCheck{
			has(data, "own_images", exactly(want)), has(data, "images", exactly(fake.Defaults("ci/VM"))),
		},
	}}})
	if want["harUploadTag"] == "" || want["slsaVerificationTag"] != "" || len(want) >= len(fake.Defaults("ci/VM")) {
		t.Errorf("the test proves nothing: %v", want)
	}
}

func TestAccDefaultImages_errors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{})
	fake := w.requireFake("it needs faults")
	const config = `data "harnessci_default_images" "k8" {}`
	w.run(resource.TestCase{Steps: []resource.TestStep{
		{
			Config:      `data "harnessci_default_images" "k8" { infra = "ECS" }`,
			ExpectError: says("Config not supported for infra type: ECS"),
		},
		{
			Config:      `data "harnessci_default_images" "k8" { module = "iacm-manager" }`,
			ExpectError: says(`There is no module "iacm-manager": did you mean "iacm"?`),
		},
		{
			PreConfig:         func() { fake.Tune(func(o *fakeharness.Options) { o.ECS = true }) },
			Config:            `data "harnessci_default_images" "k8" { infra = "k8" }`,
			ConfigStateChecks: []statecheck.StateCheck{has("data.harnessci_default_images.k8", "infra", knownvalue.StringExact("k8"))},
		},
		{
			PreConfig: func() {
				fake.Inject(fakeharness.Fault{Call: "get-default-config", Status: http.StatusForbidden})
			},
			Config:      config,
			ExpectError: says("Could not read the default images of ci/K8"),
		},
		{Config: config},
	}})
}
