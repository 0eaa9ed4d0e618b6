package provider

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"
)

// providerFunctions is the first Terraform that has them.
var providerFunctions = []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_8_0)}

// functionsAlone are the checks of tests whose provider has no credential. OpenTofu before 1.12 configures
// a provider before it calls a function.
func functionsAlone() []tfversion.TerraformVersionCheck {
	if onOpenTofu() {
		return []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)}
	}
	return providerFunctions
}

// outputs makes a configuration whose outputs are expressions, with f:: for this provider's functions.
func outputs(expressions map[string]string) string {
	var config strings.Builder
	for name, expression := range expressions {
		fmt.Fprintf(&config, "output %q {\n  value = %s\n}\n", name, strings.ReplaceAll(expression, "f::", "provider::harnessci::"))
	}
	return config.String()
}

// withoutAccount returns a world with an empty environment: the functions work in an unconfigured
// provider.
func withoutAccount(t *testing.T) *world {
	t.Helper()
	return &world{T: t}
}

func TestAccFunctionsInConfiguration(t *testing.T) {
	t.Parallel()
	withoutAccount(t).run(resource.TestCase{
		TerraformVersionChecks: functionsAlone(),
		Steps: []resource.TestStep{{
			Config: outputs(map[string]string{
				"parsed":     `f::parse_image("registry.example.com:5000/mirror/harness/ci-addon:rootless-1.16.92")`,
				"official":   `f::parse_image("ubuntu")`,
				"mirrored":   `f::mirror_image("harness/ci-addon:1.14.4", "registry.example.com/mirror")`,
				"behind":     `f::releases_behind("harness/ci-addon:1.14.4", "harness/ci-addon:1.16.92")`,
				"published":  `f::releases_behind("harness/ci-addon:1.16.6", "harness/ci-addon:1.16.92", ["1.16.56.1", "1.16.92", "dev"]...)`,
				"up_to_date": `f::releases_behind("harness/ci-addon:1.16.92", "harness/ci-addon:1.16.92")`,
				"pulled":     `f::pulled_image("harness/ci-addon:1.14.4", "https://registry.example.com/mirror")`,
				"on_cloud":   `f::pulled_image("harness/drone-git:1.6.9", "", "harness-cloud")`,
				"unchanged":  `f::pulled_image("harness/ci-addon:1.14.4", "")`,
				// An output that is null is left out of the state.
				"not_comparable": `f::releases_behind("harness/sto-plugin:latest", "harness/sto-plugin:1.0.0") == null`,
				"no_tag":         `f::parse_image("ubuntu").tag == null`,
			}),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownOutputValue("parsed", knownvalue.ObjectExact(map[string]knownvalue.Check{
					"registry":   knownvalue.StringExact("registry.example.com:5000"),
					"repository": knownvalue.StringExact("mirror/harness/ci-addon"),
					"name":       knownvalue.StringExact("ci-addon"),
					"tag":        knownvalue.StringExact("rootless-1.16.92"),
					"digest":     knownvalue.Null(),
				})),
				statecheck.ExpectKnownOutputValue("official", knownvalue.ObjectPartial(map[string]knownvalue.Check{
					"registry":   knownvalue.StringExact("docker.io"),
					"repository": knownvalue.StringExact("library/ubuntu"),
					"name":       knownvalue.StringExact("ubuntu"),
				})),
				statecheck.ExpectKnownOutputValue("mirrored", knownvalue.StringExact("registry.example.com/mirror/harness/ci-addon:1.14.4")),
				statecheck.ExpectKnownOutputValue("pulled", knownvalue.StringExact("registry.example.com/mirror/harness/ci-addon:1.14.4")),
				statecheck.ExpectKnownOutputValue("unchanged", knownvalue.StringExact("harness/ci-addon:1.14.4")),
				statecheck.ExpectKnownOutputValue("on_cloud", knownvalue.StringExact("us-docker.pkg.dev/gar-prod-setup/harness-public/harness/drone-git:1.6.9")),
				statecheck.ExpectKnownOutputValue("behind", knownvalue.Int64Exact(2)),
				statecheck.ExpectKnownOutputValue("published", knownvalue.Int64Exact(2)),
				statecheck.ExpectKnownOutputValue("up_to_date", knownvalue.Int64Exact(0)),
				statecheck.ExpectKnownOutputValue("not_comparable", knownvalue.Bool(true)),
				statecheck.ExpectKnownOutputValue("no_tag", knownvalue.Bool(true)),
			},
		}},
	})
}

// onOpenTofu reports that the CLI under test is OpenTofu.
func onOpenTofu() bool { return os.Getenv("TF_ACC_PROVIDER_HOST") == "registry.opentofu.org" }

func TestAccFunctionsTakeNullWhereItMeansSomething(t *testing.T) {
	t.Parallel()
	if onOpenTofu() {
		t.Skip("OpenTofu cannot pass null to a provider's function")
	}
	withoutAccount(t).run(resource.TestCase{
		TerraformVersionChecks: providerFunctions,
		Steps: []resource.TestStep{{
			Config:            outputs(map[string]string{"unchanged": `f::pulled_image("harness/ci-addon:1.14.4", null)`}),
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("unchanged", knownvalue.StringExact("harness/ci-addon:1.14.4"))},
		}},
	})
}

func TestAccFunctionsTakeUnknownArguments(t *testing.T) {
	t.Parallel()
	withoutAccount(t).run(resource.TestCase{
		TerraformVersionChecks: functionsAlone(),
		Steps: []resource.TestStep{{
			Config: `resource "terraform_data" "image" { input = "harness/ci-addon:1.14.4" }` + "\n" + outputs(map[string]string{
				"tag":      `f::parse_image(terraform_data.image.output).tag`,
				"mirrored": `f::mirror_image(terraform_data.image.output, "registry.example.com/mirror")`,
				"behind":   `f::releases_behind(terraform_data.image.output, "harness/ci-addon:1.16.92")`,
			}),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectUnknownOutputValue("tag"),
				plancheck.ExpectUnknownOutputValue("mirrored"),
				plancheck.ExpectUnknownOutputValue("behind"),
			}},
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownOutputValue("tag", knownvalue.StringExact("1.14.4")),
				statecheck.ExpectKnownOutputValue("mirrored", knownvalue.StringExact("registry.example.com/mirror/harness/ci-addon:1.14.4")),
				statecheck.ExpectKnownOutputValue("behind", knownvalue.Int64Exact(2)),
			},
		}},
	})
}

func TestAccFunctionsNameTheBadArgument(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		`f::parse_image("")`: `"ref" parameter: "" is not an image reference`,
		`f::parse_image("https://registry.example.com/app")`: `the scheme "https://"; leave it out`,
		`f::parse_image("harness/CI-addon:1.0.0")`:           `upper-case letters`,
		`f::mirror_image("a b", "registry.example.com")`:     `"ref" parameter: "a b" is not an image reference`,
		`f::mirror_image("ubuntu", "mirror")`:                `"prefix" parameter: "mirror" is not a registry`,
		`f::pulled_image("ubuntu", "registry.example.com")`:  `"connector_url" parameter: this is not the URL`,
		`f::releases_behind("ubuntu:", "ubuntu:1.0.0")`:      `"image" parameter: "ubuntu:" is not an image reference`,
		`f::releases_behind("ubuntu:1.0.0", "ubuntu:'")`:     `"latest" parameter: "ubuntu:'" is not an image reference`,
	} {
		t.Run(expression, func(t *testing.T) {
			t.Parallel()
			withoutAccount(t).run(resource.TestCase{
				TerraformVersionChecks: providerFunctions,
				Steps: []resource.TestStep{{
					Config:      outputs(map[string]string{"value": expression}),
					ExpectError: says(want),
				}},
			})
		})
	}
}
