package provider

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStatusOfOneImage(t *testing.T) {
	t.Parallel()
	const addon = "harness/ci-addon:1.16.92"
	for name, test := range map[string]struct {
		preset, override string // "" for none
		behind           int64  // -1: null
		supported        string // "" for null
		outdated         bool
	}{
		"not overridden":                  {addon, "", 0, "yes", false},
		"equal to the default":            {addon, addon, 0, "yes", false},
		"ahead":                           {addon, "harness/ci-addon:1.17.0", 0, "yes", false},
		"another major ahead":             {addon, "harness/ci-addon:2.0.0", 0, "yes", false},
		"behind by a hotfix":              {addon, "harness/ci-addon:1.16.91", 0, "yes", true},
		"the last supported release":      {addon, "harness/ci-addon:1.14.0", 2, "yes", true},
		"the first unsupported release":   {addon, "harness/ci-addon:1.13.99", 3, "no", true},
		"an older major, far behind":      {addon, "harness/ci-addon:0.99.0", -1, "no", true},
		"an older major, nobody knows":    {"harness/ci-addon:2.1.0", "harness/ci-addon:1.99.0", -1, "", true},
		"in a mirror":                     {addon, "registry.example.com/mirror/harness/ci-addon:1.10.0", 6, "no", true},
		"in a mirror without the owner":   {addon, "registry.example.com/mirror/ci-addon:1.10.0", 6, "no", true},
		"no version":                      {addon, "harness/ci-addon:latest", -1, "", false},
		"no tag":                          {addon, "harness/ci-addon", -1, "", false},
		"a digest":                        {addon, "harness/ci-addon@sha256:" + digest, -1, "", false},
		"a tag and a digest":              {addon, "harness/ci-addon:1.10.0@sha256:" + digest, 6, "no", true},
		"another variant":                 {addon, "harness/ci-addon:rootless-1.10.0", -1, "", false},
		"the same variant":                {"harness/ci-addon:rootless-1.16.92", "harness/ci-addon:rootless-1.10.0", 6, "no", true},
		"another image":                   {addon, "harness/ci-lite-engine:1.10.0", -1, "", false},
		"no window":                       {"plugins/s3:1.5.3", "plugins/s3:1.0.0", 5, "", true},
		"no window, suffix":               {"harness/drone-git:1.6.9-rootless", "harness/drone-git:1.1.0-rootless", 5, "", true},
		"no default":                      {"", "harness/ci-addon:1.10.0", -1, "", false},
		"default without a version":       {"harness/sto-plugin:latest", "", -1, "", false},
		"override that is no image":       {addon, "what's this", -1, "", false},
		"default that is no image":        {"what's this", addon, -1, "", false},
		"equal, but without any version":  {"harness/ci-addon:dev", "harness/ci-addon:dev", -1, "", false},
		"harness/ci-* of another version": {"harness/ci-lite-engine:1.16.92", "harness/ci-lite-engine:1.15.0", 1, "yes", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defaults, overrides := map[string]string{}, map[string]string{}
			if test.preset != "" {
				defaults["field"] = test.preset
			}
			effective := test.preset
			if test.override != "" {
				overrides["field"], effective = test.override, test.override
			}
			want := imageStatus{Effective: effective, Overridden: test.override != ""}
			if test.preset != "" {
				want.Default = &test.preset
			}
			if test.override != "" {
				want.Override = &test.override
			}
			if test.behind >= 0 {
				want.ReleasesBehind = &test.behind
			}
			if test.supported != "" {
				want.Supported = new(test.supported == "yes")
			}
			got := statusOf(defaults, overrides)
			if diff := cmp.Diff(map[string]imageStatus{"field": want}, got.Images); diff != "" {
				t.Error(diff)
			}
			for list, in := range map[*[]string]bool{
				&got.OverriddenFields:  test.override != "",
				&got.OutdatedFields:    test.outdated,
				&got.UnsupportedFields: test.supported == "no",
			} {
				if len(*list) == 1 != in {
					t.Errorf("lists: %+v, wanted %+v", got, test)
				}
			}
		})
	}
}

const digest = "c5b1261d6d3e43071626931fc004f70149baeba2c8ec672bd4f27761f8e1ad6b"

func TestStatusOfAllImages(t *testing.T) {
	t.Parallel()
	got := statusOf(
		map[string]string{"b": "harness/ci-addon:1.16.92", "a": "plugins/s3:1.5.3", "d": "plugins/gcs:1.6.3", "c": "harness/ci-addon:1.16.92"},
		map[string]string{"c": "harness/ci-addon:1.1.0", "z": "gone/field:1.0.0", "a": "plugins/s3:1.5.2"},
	)
	if len(got.Images) != 5 {
		t.Errorf("images are %v, want one for each field of both", got.Images)
	}
	for name, lists := range map[string][2][]string{
		"overridden":  {got.OverriddenFields, {"a", "c", "z"}},
		"outdated":    {got.OutdatedFields, {"a", "c"}},
		"unsupported": {got.UnsupportedFields, {"c"}},
	} {
		if diff := cmp.Diff(lists[1], lists[0]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	none := statusOf(nil, nil)
	if none.Images == nil || none.OverriddenFields == nil || none.OutdatedFields == nil || none.UnsupportedFields == nil {
		t.Errorf("%+v: null where nothing is", none)
	}
}
