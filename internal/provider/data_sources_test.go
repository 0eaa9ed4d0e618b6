package provider

import (
	"net/http"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

const (
	customer = "data.harnessci_customer_images.test"
	status   = "data.harnessci_image_status.test"
)

// overridesStay replaces the check that none is left: these tests set some outside.
func overridesStay(*terraform.State) error { return nil }

// has checks one attribute of a data source.
func has(addr, attribute string, want knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(addr, tfjsonpath.New(attribute), want)
}

func exactly(images map[string]string) knownvalue.Check {
	want := map[string]knownvalue.Check{}
	for field, image := range images {
		want[field] = knownvalue.StringExact(image)
	}
	return knownvalue.MapExact(want)
}

func fields(names ...string) knownvalue.Check {
	want := make([]knownvalue.Check, 0, len(names))
	for _, name := range names {
		want = append(want, knownvalue.StringExact(name))
	}
	return knownvalue.SetExact(want)
}

func TestAccCustomerImages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{})
	fake := w.requireFake("an account's overrides are not known")
	fake.SetOverride("ci/K8", "gitCloneTag", imageA)
	fake.SetOverride("iacm/VM", "iacmOpenTofu", imageB)
	merged := fake.Defaults("ci/K8")
	merged["gitCloneTag"] = imageA
	w.run(resource.TestCase{
		Steps: []resource.TestStep{
			{
				Config: `data "harnessci_customer_images" "test" {}`,
				ConfigStateChecks: []statecheck.StateCheck{
					has(customer, "module", knownvalue.StringExact("ci")),
					has(customer, "infra", knownvalue.StringExact("K8")),
					has(customer, "overrides_only", knownvalue.Bool(true)),
					has(customer, "images", exactly(map[string]string{"gitCloneTag": imageA})),
				},
			},
			{
				Config: `data "harnessci_customer_images" "test" { overrides_only = false }`,
				ConfigStateChecks: []statecheck.StateCheck{
					has(customer, "overrides_only", knownvalue.Bool(false)),
					has(customer, "images", exactly(merged)),
				},
			},
			{
				Config: "data \"harnessci_customer_images\" \"test\" {\n module = \"iacm\"\n infra = \"VM\"\n overrides_only = true\n}",
				ConfigStateChecks: []statecheck.StateCheck{
					has(customer, "module", knownvalue.StringExact("iacm")),
					has(customer, "infra", knownvalue.StringExact("VM")),
					has(customer, "images", exactly(map[string]string{"iacmOpenTofu": imageB})),
				},
			},
			{
				Config:            `data "harnessci_customer_images" "test" { infra = "VM" }`,
				ConfigStateChecks: []statecheck.StateCheck{has(customer, "images", exactly(nil))},
			},
			{
				Config: `data "harnessci_customer_images" "test" { infra = "vm" }`,
				ConfigStateChecks: []statecheck.StateCheck{
					has(customer, "infra", knownvalue.StringExact("vm")), has(customer, "images", exactly(nil)),
				},
			},
			{
				PreConfig: func() {
					fake.Inject(fakeharness.Fault{Call: "get-customer-config", Status: http.StatusForbidden})
				},
				Config:      `data "harnessci_customer_images" "test" {}`,
				ExpectError: says("Could not read the customer images of ci/K8"),
			},
		},
		CheckDestroy: overridesStay,
	})
}

func TestAccImageStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{})
	fake := w.requireFake("an account's overrides are not known")
	const old, pinned, other = "harness/ci-addon:1.13.1", "registry.example.com/m/ci-lite-engine:1.15.0", "acme/git:2.0.0"
	fake.SetOverride("ci/K8", "addonTag", old)
	fake.SetOverride("ci/K8", "liteEngineTag", pinned)
	fake.SetOverride("ci/K8", "gitCloneTag", other)
	fake.SetOverride("ci/K8", "retiredTag", imageB)
	none, no, yes := knownvalue.Null(), knownvalue.Bool(false), knownvalue.Bool(true)
	image := func(preset, override, effective knownvalue.Check, overridden, behind, supported knownvalue.Check) knownvalue.Check {
		return knownvalue.ObjectExact(map[string]knownvalue.Check{
			"default": preset, "override": override, "effective": effective, "overridden": overridden,
			"releases_behind": behind, "supported": supported, "pulled": effective, "digest": knownvalue.Null(), // under Docker Hub's connector
			"pulled_on_harness_cloud": knownvalue.Null(), "newest": knownvalue.Null(), "published": knownvalue.Null(), "age_days": knownvalue.Null(),
		})
	}
	text := knownvalue.StringExact
	number := knownvalue.Int64Exact
	addon, git := text("harness/ci-addon:1.16.92"), text("harness/drone-git:1.6.9-rootless")
	w.run(resource.TestCase{
		Steps: []resource.TestStep{
			{
				Config: `data "harnessci_image_status" "test" {}`,
				ConfigStateChecks: []statecheck.StateCheck{
					has(status, "module", text("ci")),
					has(status, "infra", text("K8")),
					has(status, "images", knownvalue.MapSizeExact(len(fake.Defaults("ci/K8"))+1)),
					has(status, "images", knownvalue.MapPartial(map[string]knownvalue.Check{
						"addonTag":      image(addon, text(old), text(old), yes, number(3), no),
						"liteEngineTag": image(text("harness/ci-lite-engine:1.16.92"), text(pinned), text(pinned), yes, number(1), yes),
						"addonTagRootless": image(text("harness/ci-addon:rootless-1.16.92"), none,
							text("harness/ci-addon:rootless-1.16.92"), no, number(0), yes),
						"gitCloneTag": image(git, text(other), text(other), yes, none, none),
						"securityTag": image(text("harness/sto-plugin:latest"), none, text("harness/sto-plugin:latest"), no, none, none),
						"s3UploadTag": image(text("plugins/s3:1.5.3"), none, text("plugins/s3:1.5.3"), no, number(0), none),
						"retiredTag":  image(none, text(imageB), text(imageB), yes, none, none),
					})),
					has(status, "overridden_fields", fields("addonTag", "gitCloneTag", "liteEngineTag", "retiredTag")),
					has(status, "outdated_fields", fields("addonTag", "liteEngineTag")),
					has(status, "unsupported_fields", fields("addonTag")),
				},
			},
			{
				Config: "data \"harnessci_image_status\" \"test\" {\n module = \"idp\"\n infra = \"VM\"\n}",
				ConfigStateChecks: []statecheck.StateCheck{
					has(status, "infra", text("VM")),
					has(status, "images", knownvalue.MapSizeExact(len(fake.Defaults("idp/VM")))),
					has(status, "overridden_fields", fields()),
					has(status, "outdated_fields", fields()),
					has(status, "unsupported_fields", fields()),
				},
			},
		},
		CheckDestroy: overridesStay,
	})
	for _, request := range fake.Requests() {
		if request.OverridesOnly == "false" {
			t.Errorf("the server's merged answer was asked for: %+v", request)
		}
	}
}

func TestAccImageStatus_errors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{})
	fake := w.requireFake("it needs faults")
	const config = `data "harnessci_image_status" "test" {}`
	fails := func(call, text string) resource.TestStep {
		return resource.TestStep{
			PreConfig:   func() { fake.Inject(fakeharness.Fault{Call: call, Status: http.StatusForbidden}) },
			Config:      config,
			ExpectError: says(text),
		}
	}
	w.run(resource.TestCase{Steps: []resource.TestStep{
		fails("get-default-config", "Could not read the default images of ci/K8"),
		fails("get-customer-config", "Could not read the image overrides of ci/K8"),
		{Config: config},
	}})
}
