package provider

import (
	"maps"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// withProvider puts a provider block before a configuration.
func withProvider(attributes, config string) string {
	return "provider \"harnessci\" {\n" + attributes + "\n}\n" + config
}

func TestAccProvider_eitherCredentialAuthenticates(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		block      string
		env        map[string]string
		credential string
	}{
		"api key of the environment":      {env: map[string]string{envAPIKey: "pat.test"}, credential: "api_key"},
		"bearer token of the environment": {env: map[string]string{envBearerToken: "bearer.test"}, credential: "bearer_token"},
		"api key of the configuration": {
			`api_key = "pat.test"`, map[string]string{envAPIKey: "wrong", envBearerToken: "wrong"}, "api_key",
		},
		"bearer token of the configuration": {
			`bearer_token = "bearer.test"`, map[string]string{envAPIKey: "wrong"}, "bearer_token",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{})
			fake := w.requireFake("an account's other credential is not known")
			delete(w.env, envAPIKey)
			maps.Copy(w.env, test.env)
			w.run(resource.TestCase{Steps: []resource.TestStep{{Config: withProvider(test.block, gitClone(imageA))}}})
			agent := regexp.MustCompile(`^terraform-provider-harnessci/test terraform/\d+\.\d+\.\d+`)
			for _, r := range fake.Requests() {
				if r.Credential != test.credential || !agent.MatchString(r.UserAgent) {
					t.Fatalf("%s was sent with %q by %q", r.Call, r.Credential, r.UserAgent)
				}
			}
			if fake.Count("update-config") != 1 || fake.Count("reset-config") != 1 {
				t.Errorf("requests are %+v", fake.Requests())
			}
		})
	}
}

func TestAccProvider_configurationErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		block string
		env   map[string]string // "" unsets
		want  string
	}{
		"endpoint":         {block: `endpoint = "app.harness.io/gateway"`, want: "does not start with https://"},
		"no account":       {env: map[string]string{envAccountID: ""}, want: "Set the attribute account_id or the environment variable HARNESS_ACCOUNT_ID"},
		"empty account":    {block: `account_id = ""`, want: "Invalid provider configuration: account_id"},
		"no credential":    {env: map[string]string{envAPIKey: ""}, want: "Set the attribute api_key or the environment variable HARNESS_PLATFORM_API_KEY"},
		"two credentials":  {block: "api_key = \"a\"\nbearer_token = \"b\"", want: "Both api_key and bearer_token are set."},
		"two variables":    {env: map[string]string{envBearerToken: "b"}, want: "sets both HARNESS_PLATFORM_API_KEY and HARNESS_BEARER_TOKEN"},
		"timeout":          {block: `request_timeout = "soon"`, want: "Invalid provider configuration: request_timeout"},
		"retries":          {block: `max_retries = -1`, want: "Invalid provider configuration: max_retries"},
		"certificate file": {block: `ca_certificate_file = "/nowhere/ca.pem"`, want: "The file cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{})
			maps.Copy(w.env, test.env)
			w.run(resource.TestCase{Steps: []resource.TestStep{{
				Config: withProvider(test.block, gitClone(imageA)), ExpectError: says(test.want),
			}}})
			w.requireSilence()
		})
	}
}

// keyOf returns a configuration whose api_key is not known before the given revision is applied.
func keyOf(revision, config string) string {
	return `
		resource "terraform_data" "key" {
		  input            = "pat.test"
		  triggers_replace = "` + revision + `"
		}` + "\n" + withProvider(`api_key = terraform_data.key.output`, config)
}

func TestAccProvider_unknownKeyBreaksNoPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{})
	w.requireFake("the key is the fake's")
	w.run(resource.TestCase{Steps: []resource.TestStep{
		{
			Config: keyOf("1", gitClone(imageA)),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectUnknownValue("terraform_data.key", tfjsonpath.New("output")),
				plancheck.ExpectResourceAction(addr, plancheck.ResourceActionCreate),
			}},
			Check: w.holds(gitCloneID, imageA),
		},
		{
			// The state is kept as it is while it cannot be read.
			Config: keyOf("2", gitClone(imageA)),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectUnknownValue("terraform_data.key", tfjsonpath.New("output")),
				plancheck.ExpectResourceAction(addr, plancheck.ResourceActionNoop),
			}},
		},
		{
			Config:           keyOf("3", gitClone(imageB)),
			ConfigPlanChecks: plans(plancheck.ResourceActionUpdate),
			Check:            w.holds(gitCloneID, imageB),
		},
		{
			Config:      keyOf("4", `data "harnessci_default_images" "k8" {}`),
			ExpectError: says("the provider's configuration is not known yet"),
		},
	}})
}

func TestAccProvider_unknownKeyImportsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{})
	w.requireFake("the key is the fake's")
	w.setOutside(gitCloneID, imageA)
	w.run(resource.TestCase{
		CheckDestroy: w.holds(gitCloneID, imageA),
		Steps: []resource.TestStep{{
			Config:      keyOf("1", importBlock(`id = "ci/K8/gitCloneTag"`, gitClone(imageA))),
			ExpectError: says("Could not import the image override ci/K8/gitCloneTag: the provider's configuration is not known yet"),
		}},
	})
	w.requireSilence()
}
