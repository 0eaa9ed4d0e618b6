package provider_test

import (
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

func TestAccImageConnector_secretsAreNeverShown(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]string{
		"a password for a reference": strings.Replace(connectorConfig(mirrorURL), "account.robot", "hunter2", 1),
		"an organization's secret":   strings.Replace(connectorConfig(mirrorURL), "account.robot", "org.hunter2", 1),
		"a password with a prefix":   strings.Replace(connectorConfig(mirrorURL), "account.robot", "account.hunter2!", 1),
		"a login in the URL":         connectorConfig("https://robot:hunter2@registry.example.com"),
		"a token in a query":         connectorConfig("https://registry.example.com?token=hunter2"),
		"a broken URL with a login":  connectorConfig("https://robot:hunter2@registry.example.com:port"),
		"a URL without scheme":       connectorConfig("robot:hunter2@registry.example.com"),
		"known only in the apply": strings.Replace(connectorConfig(mirrorURL), `"account.robot"`, "terraform_data.secret.output", 1) +
			`resource "terraform_data" "secret" { input = sensitive("hunter2") }`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, dir := connectorWorld(t, fakeharness.Options{}, config)
			if output := requireFails(t, dir, "apply -auto-approve", "Invalid image connector"); strings.Contains(output, "hunter2") {
				t.Errorf("a password shows:\n%s", output)
			}
			for _, r := range fake.Requests() {
				if strings.Contains(string(r.Body)+r.Query, "hunter2") {
					t.Errorf("a password was sent: %s", r.Path)
				}
			}
			requireURL(t, fake, hubURL)
		})
	}
}

func TestAccImageConnector_badInputIsRefusedBeforeTheAPIIsAsked(t *testing.T) {
	t.Parallel()
	body := func(lines ...string) string {
		return "resource \"harnessci_image_connector\" \"this\" {\n  " + strings.Join(lines, "\n  ") + "\n}\n"
	}
	for name, test := range map[string]struct{ config, says string }{
		"no scheme":          {body(`url = "registry.example.com/mirror"`), "it does not begin with https://"},
		"no host":            {body(`url = "https://"`), "it has no host"},
		"empty":              {body(`url = ""`), "it does not begin with https://"},
		"a host without dot": {body(`url = "https://registry"`), "neither a dot nor a port"},
		"upper case":         {body(`url = "https://registry.example.com/Mirror"`), "upper-case letters"},
		"password only":      {body(`url = "https://r.example.com"`, `password_ref = "account.robot"`), "a password without a user"},
		"user only":          {body(`url = "https://r.example.com"`, `username = "robot"`), "a user without a password"},
		"empty user":         {body(`url = "https://r.example.com"`, `username = ""`, `password_ref = "account.robot"`), "the user is empty"},
		"two users": {
			body(`url = "https://r.example.com"`, `username = "robot"`, `username_ref = "account.robot"`, `password_ref = "account.robot"`),
			"two users",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, dir := connectorWorld(t, fakeharness.Options{}, test.config)
			requireFails(t, dir, "plan", "Invalid image connector", test.says)
			if n := fake.Count(""); n != 0 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestAccImageConnector_warnsOfDoubtfulURLs(t *testing.T) {
	t.Parallel()
	for url, says := range map[string]string{
		"http://registry.example.com":                         "The image connector's registry is not encrypted",
		"https://registry.example.com/v2/":                    "Builds will pull registry.example.com/v2/harness/ci-addon:1.16.92",
		"https://app.harness.io/registry":                     "Harness's former registry, which ended in 2024",
		"https://app.harness.io/ng/home":                      "is the Harness console",
		"https://hub.docker.com/u/harness":                    "is Docker Hub's website",
		"https://gallery.ecr.aws/harness":                     "is the website of ECR public",
		"https://console.cloud.google.com/artifacts/docker/p": "is the Google Cloud console",
		"https://eu-west-1.console.aws.amazon.com/ecr":        "is the AWS console",
	} {
		_, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(url))
		requireSays(t, dir.Must("validate"), says)
	}
	_, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(hubURL))
	requireNoWarning(t, dir.Must("validate"))
}
