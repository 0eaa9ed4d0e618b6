package provider

import (
	"net/http"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

func TestAccImageOverrides_invalidValuesFailBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ config, want string }{
		"unknown infra":      {setConfig(twoImages, `infra = "k9"`), `The infra is one of "K8", "VM", "ECS", not "k9".`},
		"empty field":        {setConfig(map[string]string{"": imageA}), `"" is blank or contains control characters`},
		"field with a slash": {setConfig(map[string]string{"a/b": imageA}), `ci/K8 has no field "a/b"`},
		"empty image":        {setConfig(map[string]string{"gitCloneTag": ""}), "Invalid image reference"},
		"image with a space": {setConfig(map[string]string{"gitCloneTag": "a b:1"}), "it contains white space"},
		"no image":           {`resource "harnessci_image_overrides" "test" { images = { gitCloneTag = null } }`, "omit gitCloneTag from images"},
		"no images":          {`resource "harnessci_image_overrides" "test" {}`, `The argument "images" is required`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newSetWorld(t, fakeharness.Options{})
			w.run(resource.TestCase{Steps: []resource.TestStep{{Config: test.config, ExpectError: says(test.want)}}})
			w.requireNoWrites()
		})
	}
}

func TestAccImageOverrides_unknownFieldIsAnErrorOnItsKey(t *testing.T) {
	t.Parallel()
	w := newSetWorld(t, fakeharness.Options{})
	w.run(resource.TestCase{Steps: []resource.TestStep{{
		Config:      setConfig(map[string]string{"gitCloneTag": imageA, "gcsUplaodTag": "example.com/gcs:1.0.0"}),
		ExpectError: says("ci/K8 has no field gcsUplaodTag"),
	}}})
	if got := w.fake.Count("writes"); got != 0 {
		t.Errorf("%d writes", got)
	}
}

// upstream is a resource whose output is unknown until the apply.
const upstream = "resource \"terraform_data\" \"upstream\" {\n  input = \"" + imageA + "\"\n}\n"

func TestAccImageOverrides_valuesThatAreKnownInTheApplyOnly(t *testing.T) {
	t.Parallel()
	const config = `resource "harnessci_image_overrides" "test" {
  images = `
	for name, images := range map[string]string{
		"an image":     "{ gitCloneTag = terraform_data.upstream.output }",
		"a field":      "{ (terraform_data.upstream.output == \"x\" ? \"gcsUploadTag\" : \"gitCloneTag\") = \"" + imageA + "\" }",
		"all of them":  "terraform_data.upstream.output == \"x\" ? {} : { gitCloneTag = \"" + imageA + "\" }",
		"whether null": "{ for f, i in { gitCloneTag = terraform_data.upstream.output } : f => i if i != null }",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newSetWorld(t, fakeharness.Options{})
			w.setOutside("ci/K8/securityTag", "example.com/sto:1.0.0")
			w.run(resource.TestCase{Steps: []resource.TestStep{{
				Config:            upstream + config + images + "\n}\n",
				ConfigPlanChecks:  setPlans(plancheck.ResourceActionCreate),
				ConfigStateChecks: []statecheck.StateCheck{lists(map[string]string{"gitCloneTag": imageA})},
				Check:             w.holdsAll("ci/K8", map[string]string{"gitCloneTag": imageA}),
			}}})
		})
	}
}

func TestAccImageOverrides_infraThatIsKnownInTheApplyOnly(t *testing.T) {
	t.Parallel()
	w := newSetWorld(t, fakeharness.Options{})
	w.run(resource.TestCase{Steps: []resource.TestStep{{
		Config:           "resource \"terraform_data\" \"upstream\" {\n  input = \"VM\"\n}\n" + setConfig(twoImages, "infra = terraform_data.upstream.output"),
		ConfigPlanChecks: setPlans(plancheck.ResourceActionCreate, plancheck.ExpectUnknownValue(setAddr, tfjsonpath.New("id"))),
		Check:            w.holdsAll("ci/VM", twoImages),
	}}})
}

func TestAccImageOverrides_unknownProviderConfiguration(t *testing.T) {
	t.Parallel()
	w := newSetWorld(t, fakeharness.Options{})
	delete(w.env, envAPIKey)
	w.run(resource.TestCase{Steps: []resource.TestStep{{
		Config: "resource \"terraform_data\" \"key\" {\n  input = \"pat.test\"\n}\n" +
			withProvider("api_key = terraform_data.key.output", setConfig(twoImages)),
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction(setAddr, plancheck.ResourceActionCreate),
		}},
		Check: w.holdsAll("ci/K8", twoImages),
	}}})
}

// What the server acknowledged is kept, untainted, although it could not be read back.
func TestAccImageOverrides_unverifiedWriteIsKept(t *testing.T) {
	t.Parallel()
	w := newSetWorld(t, fakeharness.Options{})
	w.setOutside("ci/K8/securityTag", "example.com/sto:1.0.0")
	w.run(resource.TestCase{Steps: []resource.TestStep{
		{
			PreConfig:         func() { afterThe(w.fake, "reset-config") },
			Config:            withProvider(oneAttempt, setConfig(twoImages)),
			ConfigStateChecks: []statecheck.StateCheck{lists(twoImages)},
			Check:             w.writes(2),
		},
		{Config: setConfig(twoImages), ConfigPlanChecks: setPlans(plancheck.ResourceActionNoop)},
		{
			PreConfig:         func() { afterThe(w.fake, "reset-config") },
			Config:            withProvider(oneAttempt, setConfig(otherImages)),
			ConfigStateChecks: []statecheck.StateCheck{lists(otherImages)},
			Check:             w.writes(4),
		},
	}})
}

// A reset that could not be read back may not have happened: the set stays.
func TestAccImageOverrides_unverifiedResetKeepsTheSet(t *testing.T) {
	t.Parallel()
	w := newSetWorld(t, fakeharness.Options{})
	w.run(resource.TestCase{Steps: []resource.TestStep{
		{Config: setConfig(twoImages)},
		{
			PreConfig:   func() { afterThe(w.fake, "reset-config") },
			Config:      withProvider(oneAttempt, setConfig(twoImages)),
			Destroy:     true,
			ExpectError: says("Could not reset 2 image overrides of ci/K8"),
		},
		{Config: setConfig(twoImages), ConfigPlanChecks: setPlans(plancheck.ResourceActionUpdate)},
	}})
}

func TestAccImageOverrides_failedReadKeepsTheState(t *testing.T) {
	t.Parallel()
	w := newSetWorld(t, fakeharness.Options{})
	steps := []resource.TestStep{{Config: setConfig(twoImages)}, {
		PreConfig: func() {
			w.fake.Inject(fakeharness.Fault{Call: "get-customer-config", Status: http.StatusForbidden, Times: -1})
		},
		Config:      withProvider(oneAttempt, setConfig(twoImages)),
		PlanOnly:    true,
		ExpectError: says("Could not read the image overrides ci/K8"),
	}, {
		PreConfig: w.fake.ClearFaults,
		Config:    setConfig(twoImages), ConfigPlanChecks: setPlans(plancheck.ResourceActionNoop), Check: w.writes(1),
	}}
	w.run(resource.TestCase{Steps: steps})
}

func TestTakingOverSaysOnlyWhatItDoes(t *testing.T) {
	t.Parallel()
	for want, listed := range map[string][2][]string{
		"Creating the image overrides ci/K8 resets 1 existing override":                                  {{"a"}, nil},
		"Creating the image overrides ci/K8 changes 2 existing overrides":                                {nil, {"a", "b"}},
		"Creating the image overrides ci/K8 resets 2 existing overrides and changes 1 existing override": {{"a", "b"}, {"c"}},
	} {
		scope := harness.Scope{Module: "ci", Infra: "K8"}
		if got := takeOverWarning(scope, listed[0], listed[1], false).Summary(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
