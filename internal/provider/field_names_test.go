package provider

import (
	"slices"
	"testing"
)

func TestNearestFields(t *testing.T) {
	t.Parallel()
	known := []string{
		"addonTag", "addonTagRootless", "cacheGCSTag", "cacheProxyImage", "cacheS3Tag", "gcsUploadTag", "gitCloneTag",
		"buildAndPushACRTag", "buildAndPushECRTag", "buildAndPushGARTag", "buildAndPushGCRTag", "buildAndPushDockerRegistryTag",
		"\x1b[31mredTag", "liteEngineTag", "s3UploadTag",
	}
	for field, want := range map[string][]string{
		"gitCloneTagg":   {"gitCloneTag"},
		"gitClone":       {"gitCloneTag"},
		"gitClonTga":     {"gitCloneTag"},
		"GITCLONETAG":    {"gitCloneTag"},
		"cacheS3tag":     {"cacheS3Tag"},
		"addOnTags":      {"addonTag"},
		"addonRootless":  {"addonTagRootless"},
		"cacheGC3Tag":    {"cacheGCSTag", "cacheS3Tag"},
		"buildAndPushXR": {"buildAndPushACRTag", "buildAndPushECRTag", "buildAndPushGARTag"},
		"[31mredTag":     nil,
		"iacmOpenTofu":   nil,
		"x":              nil,
	} {
		if got := nearestFields(field, known); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
	if got := nearestFields("gitCloneTag", nil); got != nil {
		t.Errorf("among none: %q", got)
	}
}
