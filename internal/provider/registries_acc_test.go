package provider

import (
	"fmt"
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

const (
	lookedUp = "data.harnessci_registry_image.test"
	releases = "data.harnessci_image_releases.test"
)

// config fills the registries' hosts into a configuration, in the place of src and dst.
func config(text string, src, dst *fakeregistry.Server) string {
	if src != nil {
		text = strings.ReplaceAll(text, "src/", src.Host()+"/")
	}
	if dst != nil {
		text = strings.ReplaceAll(text, "dst/", dst.Host()+"/")
	}
	return text
}

func TestAccRegistryImage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{})
	w.requireFake("it needs no account")
	registry := fakeregistry.Start(t, fakeregistry.Options{Username: "me", Password: "hunter2", Token: true})
	multi := fakeregistry.Multi(1, "linux/arm/v7", "linux/amd64", "windows/amd64")
	digest := registry.Push("harness/ci-addon:1.16.92", multi)
	login := fmt.Sprintf(`
provider "harnessci" {
  max_retries = 0
  registries  = { %q = { username = "me", password = "hunter2" } }
}
`, registry.Host())
	lookup := func(image string) string {
		return login + config(fmt.Sprintf("data \"harnessci_registry_image\" \"test\" {\n  image = %q\n}\n", image), registry, nil)
	}
	w.run(resource.TestCase{Steps: []resource.TestStep{
		{
			Config:      lookup("https://src/harness/ci-addon:1.16.92"),
			ExpectError: says("Invalid image reference"),
		},
		{
			Config: lookup("src/harness/ci-addon:1.16.92"),
			ConfigStateChecks: []statecheck.StateCheck{
				has(lookedUp, "digest", knownvalue.StringExact(digest)),
				has(lookedUp, "reference", knownvalue.StringExact(registry.Host()+"/harness/ci-addon:1.16.92@"+digest)),
				has(lookedUp, "media_type", knownvalue.StringExact(multi.MediaType)),
				has(lookedUp, "platforms", inOrder("linux/amd64", "linux/arm/v7", "windows/amd64")),
			},
		},
		{
			Config:      lookup("src/harness/ci-addon:1.16.93"),
			ExpectError: says("harness/ci-addon:1.16.93: not found (HTTP 404"),
		},
		{
			Config:      lookup("src/harness/ci-adon:1.16.92"),
			ExpectError: says("no such repository"),
		},
		{
			Config:      config("provider \"harnessci\" {\n max_retries = 0\n}\ndata \"harnessci_registry_image\" \"test\" {\n image = \"src/harness/ci-addon:1.16.92\"\n}", registry, nil),
			ExpectError: says("no login is configured for"),
		},
		{
			Config:            lookup("src/harness/ci-addon@" + digest),
			ConfigStateChecks: []statecheck.StateCheck{has(lookedUp, "reference", knownvalue.StringExact(registry.Host()+"/harness/ci-addon@"+digest))},
		},
	}})
}

func inOrder(texts ...string) knownvalue.Check {
	checks := make([]knownvalue.Check, 0, len(texts))
	for _, text := range texts {
		checks = append(checks, knownvalue.StringExact(text))
	}
	return knownvalue.ListExact(checks)
}

func TestAccImageReleases(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeharness.Options{})
	w.requireFake("it needs no account")
	registry := fakeregistry.Start(t, fakeregistry.Options{PageSize: 7, Unsorted: true})
	mirror := fakeregistry.Start(t, fakeregistry.Options{})
	image := fakeregistry.Created("2025-08-04T10:00:00.5Z", "", "linux/amd64", fakeregistry.Layer(1, 10))
	for minor := range 20 {
		for _, hotfix := range []int{0, 10, 9} {
			for _, form := range []string{"1.%d.%d", "rootless-1.%d.%d", "1.%d.%d-rc1", "linux-amd64-1.%d.%d"} {
				registry.Push("harness/ci-addon:"+fmt.Sprintf(form, minor, hotfix), image)
			}
		}
	}
	mirror.Push("mirror/harness/ci-addon:1.14.9", image)
	listing := func(arguments string) string {
		return config("data \"harnessci_image_releases\" \"test\" {\n"+arguments+"\n}\n", registry, mirror)
	}
	tags := func(want ...string) []statecheck.StateCheck {
		checks := make([]knownvalue.Check, 0, len(want))
		for _, tag := range want {
			checks = append(checks, knownvalue.ObjectPartial(map[string]knownvalue.Check{"tag": knownvalue.StringExact(tag)}))
		}
		return []statecheck.StateCheck{has(releases, "releases", knownvalue.ListExact(checks))}
	}
	first := func(attribute, want string) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(releases, tfjsonpath.New("releases").AtSliceIndex(0).AtMapKey(attribute), knownvalue.StringExact(want))
	}
	w.run(resource.TestCase{Steps: []resource.TestStep{
		{
			Config:      listing("image = \"src/harness/ci-addon:1.16.9\"\nlimit = 0"),
			ExpectError: says("must be at least 1"),
		},
		{
			Config:      listing("image = \"harness/ci-addon:1.16.9\"\nregistry = \"https://dst\""),
			ExpectError: says("Invalid registry"),
		},
		{
			Config:      listing("image = \"src/harness/ci-addon:1.16.9\"\nby = \"patch\""),
			ExpectError: says(`value must be one of: ["version" "minor"]`),
		},
		{
			Config: listing(`image = "src/harness/ci-addon:1.16.9"`),
			ConfigStateChecks: append(tags("1.16.9", "1.16.0", "1.15.10"), first("release", "1.16"),
				statecheck.ExpectKnownValue(releases, tfjsonpath.New("releases").AtSliceIndex(0).AtMapKey("published"), knownvalue.Null())),
		},
		{
			Config: listing("image = \"src/harness/ci-addon:1.16.9\"\nby = \"minor\""),
			ConfigStateChecks: append(tags("1.16.9", "1.15.10", "1.14.10"),
				first("release", "1.16"), first("version", "1.16.9"), first("image", registry.Host()+"/harness/ci-addon:1.16.9")),
		},
		{
			Config:            listing("image = \"src/harness/ci-addon:rootless-1.16.10\"\nlimit = 2\ninclude_newer = true"),
			ConfigStateChecks: append(tags("rootless-1.19.10", "rootless-1.19.9"), first("version", "1.19.10")),
		},
		{
			Config:      listing(`image = "src/harness/ci-addon:latest"`),
			ExpectError: says(`The tag "latest" has no version`),
		},
		{
			Config:      listing(`image = "src/harness/ci-adon:1.16.9"`),
			ExpectError: says("no such repository"),
		},
		{
			Config: listing("image = \"src/harness/ci-addon:1.16.9\"\nregistry = \"dst/mirror\""),
			ConfigStateChecks: append(tags("1.14.9"),
				first("image", mirror.Host()+"/mirror/harness/ci-addon:1.14.9")),
		},
	}})
	for _, request := range append(registry.Requests(), mirror.Requests()...) {
		if request.Method != http.MethodGet || request.Kind != "tags" && request.Kind != "base" {
			t.Errorf("%s %s was asked: only tags are to be listed", request.Method, request.Path)
		}
	}
	w.run(resource.TestCase{Steps: []resource.TestStep{{
		Config:            listing("image = \"src/harness/ci-addon:1.16.9\"\nlimit = 2\ndates = true"),
		ConfigStateChecks: []statecheck.StateCheck{first("published", "2025-08-04T10:00:00Z")},
	}}})
	registry.Inject(fakeregistry.Fault{Call: "blobs", Status: http.StatusForbidden, Times: -1})
	w.run(resource.TestCase{Steps: []resource.TestStep{{
		Config:      listing("image = \"src/harness/ci-addon:1.16.9\"\nlimit = 2\ndates = true"),
		ExpectError: says("Could not find out when the image was published"),
	}}})
}
