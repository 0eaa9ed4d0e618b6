package provider_test

import (
	"regexp"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
)

// registryTypes are the types in a configuration that access registries.
var registryTypes = regexp.MustCompile(`"harnessci_(image_copy|image_releases|registry_image)"|\b(check_registry|verify_images)\b|modules/private-mirror`)

// asksRegistries reports whether an example accesses registries.
func (e example) asksRegistries(t *testing.T) bool {
	t.Helper()
	for _, file := range e.files {
		if registryTypes.MatchString(readExample(t, e.name, file)) {
			return true
		}
	}
	return false
}

// standInRegistry replaces every registry that an example names. It has the images that Harness runs by
// default and the releases before them, and every image that an apply stores must be there.
func standInRegistry(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir) *fakeregistry.Server {
	t.Helper()
	registry := fakeregistry.Start(t, fakeregistry.Options{})
	for name, value := range anywhere(t, registry) {
		dir.Setenv(name, value)
	}
	dir.Setenv("HARNESSCI_VERIFY_IMAGES", "when_reachable")
	seed := uint64(0)
	push := func(ref string) {
		image, err := imageref.Parse(ref)
		if err != nil {
			t.Fatal(err)
		}
		seed++
		registry.Push(image.Repository+":"+image.Tag, fakeregistry.Multi(seed, "linux/amd64", "linux/arm64"))
	}
	for _, scope := range fakeharness.Scopes() {
		for _, ref := range fake.Defaults(scope) {
			push(ref)
		}
	}
	for _, ref := range []string{
		"harness/ci-addon:1.16.91", "harness/ci-lite-engine:1.16.91", "harness/ci-addon:rootless-1.16.91",
		"harness/ci-lite-engine:rootless-1.16.91", "harness/ci-addon:1.15.17", "harness/ci-addon:1.14.4", "harness/ci-lite-engine:1.15.17",
		"mirror/harness/ci-addon:1.15.17",
	} {
		push(ref)
	}
	return registry
}
