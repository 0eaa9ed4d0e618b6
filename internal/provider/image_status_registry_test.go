package provider

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

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
	old := fakeregistry.Created(time.Now().Add(-100*24*time.Hour-time.Minute).Format(time.RFC3339), "", "linux/amd64", fakeregistry.Layer(1, 10))
	for field, image := range fake.Defaults("ci/K8") {
		if field != "gitCloneTag" && strings.Contains(image, ":") {
			digests[field] = registry.Push("mirror/"+image, old)
		}
	}
	for _, tag := range []string{"0.0.2-rootless", "1.0.0-rootless", "1.0.0.1-rootless", "1.0.0", "2.0.0-rootless", "latest"} {
		registry.Push("mirror/harness/drone-git:"+tag, old)
	}
	checked := fmt.Sprintf("check_registry = true\n releases_registry = \"%s/mirror\"\n", registry.Host())
	config := func(arguments string) string {
		return "data \"harnessci_image_status\" \"test\" {\n" + arguments + "\n}\n"
	}
	fake.SetOverride("ci/K8", "gitCloneTag", "harness/drone-git:0.0.1-rootless")
	of := func(field, attribute string) tfjsonpath.Path {
		return tfjsonpath.New("images").AtMapKey(field).AtMapKey(attribute)
	}
	shows := func(field, attribute string, want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(status, of(field, attribute), want)
	}
	digestOf := func(field string) tfjsonpath.Path { return of(field, "digest") }
	w.run(resource.TestCase{CheckDestroy: overridesStay, Steps: []resource.TestStep{
		{
			Config: `data "harnessci_image_status" "test" {}`,
			ConfigStateChecks: []statecheck.StateCheck{
				has(status, "missing_fields", knownvalue.Null()), has(status, "unknown_fields", knownvalue.Null()),
				has(status, "too_old_fields", knownvalue.Null()),
				statecheck.ExpectKnownValue(status, digestOf("addonTag"), knownvalue.Null()),
			},
		},
		{
			PreConfig: func() {
				if n := registry.Count(""); n != 0 {
					t.Errorf("%d requests were sent without check_registry", n)
				}
			},
			Config: config(checked),
			ConfigStateChecks: []statecheck.StateCheck{
				has(status, "missing_fields", fields("gitCloneTag")),
				has(status, "unknown_fields", knownvalue.MapExact(nil)),
				has(status, "too_old_fields", knownvalue.Null()),
				shows("gitCloneTag", "releases_behind", knownvalue.Int64Exact(4)), // 0.0.2, 1.0.0, 1.0.0.1 and the default
				shows("gitCloneTag", "newest", knownvalue.StringExact("harness/drone-git:2.0.0-rootless")),
				shows("addonTag", "age_days", knownvalue.Int64Exact(100)),
				shows("gitCloneTag", "age_days", knownvalue.Null()),
				statecheck.ExpectKnownValue(status, digestOf("addonTag"), knownvalue.StringExact(digests["addonTag"])),
				statecheck.ExpectKnownValue(status, digestOf("gitCloneTag"), knownvalue.Null()),
				has(status, "table", knownvalue.StringRegexp(says("**missing**, 4 versions behind, overridden | `gitCloneTag` | `harness/drone-git:0.0.1-rootless` | `2.0.0-rootless` |"))),
			},
		},
		{
			Config:            config(checked + "max_age_days = 100"),
			ConfigStateChecks: []statecheck.StateCheck{has(status, "too_old_fields", fields())},
		},
		{
			Config:            config(checked + "max_age_days = 99"),
			ConfigStateChecks: []statecheck.StateCheck{has(status, "too_old_fields", fields(slices.Sorted(maps.Keys(digests))...))},
		},
		{
			// What does not answer is not missing, nor up to date.
			PreConfig: func() { registry.Inject(fakeregistry.Fault{Status: http.StatusServiceUnavailable, Times: -1}) },
			Config:    config(checked),
			ConfigStateChecks: []statecheck.StateCheck{
				has(status, "missing_fields", fields()),
				has(status, "unknown_fields", knownvalue.MapSizeExact(len(digests)+1)),
				shows("gitCloneTag", "releases_behind", knownvalue.Null()), shows("gitCloneTag", "newest", knownvalue.Null()),
				has(status, "table", knownvalue.StringRegexp(says(fmt.Sprintf("%d unknown, 1 outdated, 1 overridden", len(digests)+1)))),
				statecheck.ExpectKnownValue(status, digestOf("addonTag"), knownvalue.Null()),
			},
		},
	}})
}
