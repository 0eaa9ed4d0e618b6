package provider

import (
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
)

func TestSupportWindow(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]bool{
		"harness/ci-addon:1.16.92":                     true,
		"harness/ci-lite-engine:rootless-1.16.92":      true,
		"registry.example.com/mirror/harness/ci-addon": true,
		"registry.example.com/harness/ci-addon@" + "sha256:" + strings.Repeat("0123456789abcdef", 4): true,
		"harnesssecure/ci-addon:1.18.34":              true,
		"harness/drone-git:1.6.9-rootless":            false,
		"plugins/ci-addon:1":                          false,
		"notharness/ci-addon:1":                       false,
		"registry.example.com/harness/other/ci-addon": false,
		"registry.example.com/ci-addon":               false,
		"harness.example.com/ci-addon":                false,
		"harness/ciaddon":                             false,
		"":                                            false,
		"Harness/ci-addon:1":                          false,
	} {
		parsed, _ := imageref.Parse(image)
		if inSupportWindow(parsed) != want {
			t.Errorf("%s: want %v", image, want)
		}
	}
}

func TestSupported(t *testing.T) {
	t.Parallel()
	const newest = "harness/ci-addon:1.16.92"
	for _, test := range []struct {
		image, latest    string
		supported, known bool
	}{
		{newest, newest, true, true},
		{"harness/ci-addon:1.14.0", newest, true, true},
		{"harness/ci-addon:1.13.99", newest, false, true},
		{"harness/ci-addon:1.17.0", newest, true, true},
		{"harness/ci-addon:2.0.0", newest, true, true},
		{"registry.example.com/ci-addon:1.13.0", newest, false, true},
		{"harness/ci-addon:rootless-1.13.0", newest, false, false},
		{"harness/ci-addon:latest", newest, false, false},
		{"plugins/s3:1.0.0", "plugins/s3:1.9.0", false, false},
		// An older major: certain only once the new one has filled the window.
		{"harness/ci-addon:1.16.92", "harness/ci-addon:2.0.0", false, false},
		{"harness/ci-addon:1.16.92", "harness/ci-addon:2.1.0", false, false},
		{"harness/ci-addon:1.16.92", "harness/ci-addon:2.2.0", false, true},
	} {
		c, _ := compareImages(test.image, test.latest)
		supported, known := c.supported()
		if supported != test.supported || known != test.known {
			t.Errorf("%s, latest %s: got %v, %v", test.image, test.latest, supported, known)
		}
	}
}
