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
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

func TestAccStatusLooksImagesUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{})
	fake := w.requireFake("the images of an account are not known")
	registry := fakeregistry.Start(t, fakeregistry.Options{})
	fake.SetConnector(fakeharness.ConnectorBody("http://"+registry.Host()+"/mirror", ""))
	digests := map[string]string{}
	for field, image := range fake.Defaults("ci/K8") {
		if field != "gitCloneTag" && strings.Contains(image, ":") {
			digests[field] = registry.Push("mirror/"+image, fakeregistry.Image("linux/amd64", fakeregistry.Layer(1, 10)))
		}
	}
	fake.SetOverride("ci/K8", "gitCloneTag", "harness/drone-git:0.0.1")
	digestOf := func(field string) tfjsonpath.Path { return tfjsonpath.New("images").AtMapKey(field).AtMapKey("digest") }
	w.run(resource.TestCase{CheckDestroy: overridesStay, Steps: []resource.TestStep{
		{
			Config: `data "harnessci_image_status" "test" {}`,
			ConfigStateChecks: []statecheck.StateCheck{
				has(status, "missing_fields", knownvalue.Null()),
				statecheck.ExpectKnownValue(status, digestOf("addonTag"), knownvalue.Null()),
			},
		},
		{
			PreConfig: func() {
				if n := registry.Count(""); n != 0 {
					t.Errorf("%d requests were sent without check_registry", n)
				}
			},
			Config: `data "harnessci_image_status" "test" { check_registry = true }`,
			ConfigStateChecks: []statecheck.StateCheck{
				has(status, "missing_fields", fields("gitCloneTag")),
				statecheck.ExpectKnownValue(status, digestOf("addonTag"), knownvalue.StringExact(digests["addonTag"])),
				statecheck.ExpectKnownValue(status, digestOf("gitCloneTag"), knownvalue.Null()),
				has(status, "table", knownvalue.StringRegexp(says("`harness/drone-git:0.0.1`"))),
			},
		},
		{
			// What does not answer is not missing.
			PreConfig: func() { registry.Inject(fakeregistry.Fault{Status: http.StatusServiceUnavailable, Times: -1}) },
			Config:    `data "harnessci_image_status" "test" { check_registry = true }`,
			ConfigStateChecks: []statecheck.StateCheck{
				has(status, "missing_fields", fields()),
				statecheck.ExpectKnownValue(status, digestOf("addonTag"), knownvalue.Null()),
			},
		},
	}})
	if n := registry.Count(http.MethodGet, "manifests"); n > 5 {
		t.Errorf("%d manifests were fetched: a HEAD returns the digest", n)
	}
}

func TestStatusAsATable(t *testing.T) {
	t.Parallel()
	s := statusOf(
		map[string]string{"addonTag": "harness/ci-addon:1.16.92", "gitCloneTag": "harness/drone-git:1.6.9", "sto": "harness/sto:latest"},
		map[string]string{"addonTag": "harness/ci-addon:1.12.0", "odd": "a|`b"},
	)
	for field, pulled := range map[string]string{"addonTag": "r.example.com/harness/ci-addon:1.12.0", "gitCloneTag": "r.example.com/harness/drone-git:1.6.9"} {
		image := s.Images[field]
		image.Pulled = &pulled
		if field == "gitCloneTag" {
			image.Digest = &pulled
		}
		s.Images[field] = image
	}
	s.MissingFields = []string{"addonTag"}
	want := tableHead +
		"| addonTag | `harness/ci-addon:1.16.92` | `harness/ci-addon:1.12.0` | `r.example.com/harness/ci-addon:1.12.0` | 4 | **no** | **no** |\n" +
		"| gitCloneTag | `harness/drone-git:1.6.9` | – | `r.example.com/harness/drone-git:1.6.9` | 0 | – | yes |\n" +
		"| odd | – | `\"a\\|'b\"` | – | – | – | – |\n" +
		"| sto | `harness/sto:latest` | – | – | – | – | – |\n"
	if got := s.markdown(); got != want {
		t.Errorf("the table is\n%s\nwant\n%s", got, want)
	}
}
