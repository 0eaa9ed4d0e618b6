package provider

import (
	"regexp"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

var k8 = harness.Scope{Module: harness.CI, Infra: harness.K8}

func TestStatusAsATable(t *testing.T) {
	t.Parallel()
	const digest = "@sha256:c5b1261d6d3e43071626931fc004f70149baeba2c8ec672bd4f27761f8e1ad6b"
	s := statusOf(
		map[string]string{
			"addonTag": "harness/ci-addon:1.16.92", "gitCloneTag": "harness/drone-git:1.6.9", "sto": "harness/sto:latest",
			"hotfix": "a/b:1.16.56.1", "patch": "a/b:1.16.92", "same": "a/b:1.0.0",
		},
		map[string]string{
			"addonTag": "harness/ci-addon:1.12.0" + digest, "hotfix": "a/b:1.16.56", "patch": "a/b:1.16.6", "odd": "a|`b\n<b>@me",
			"same": "a/b:1.0.0",
		},
	)
	change := func(field string, change func(*imageStatus)) {
		image := s.Images[field]
		change(&image)
		s.Images[field] = image
	}
	change("addonTag", func(i *imageStatus) { i.Pulled = new("r.example.com/m/" + i.Effective) })
	change("gitCloneTag", func(i *imageStatus) {
		i.Pulled, i.PulledOnHarnessCloud = &i.Effective, new("us-docker.pkg.dev/gar-prod-setup/harness-public/"+i.Effective)
	})
	want := "**ci/K8, 7 images: 1 not supported, 3 outdated, 5 overridden.** Registries were not asked, so missing images do " +
		"not show, and versions are counted in minors.\n\n" + tableHead +
		"| not supported, 4 minors behind, overridden | `addonTag` | `harness/ci-addon:1.12.0@sha256:c5b1261d6d3e…` | – | `r.example.com/m/…` |\n" +
		"| a hotfix behind, overridden | `hotfix` | `a/b:1.16.56` | – | not known |\n" +
		"| behind within its minor, overridden | `patch` | `a/b:1.16.6` | – | not known |\n" +
		"| overridden | `odd` | `\"a¦'b\\n<b>@me\"` | – | not known |\n" +
		"| overridden | `same` | `a/b:1.0.0` | – | not known |\n" +
		"\n<details><summary>2 images without anything to do</summary>\n\n" + tableHead +
		"| default | `gitCloneTag` | `harness/drone-git:1.6.9` | – | as it is, on Harness Cloud from `us-docker.pkg.dev` |\n" +
		"| default | `sto` | `harness/sto:latest` | – | not known |\n\n</details>\n"
	if got := s.markdown(k8); got != want {
		t.Errorf("the table is\n%s\nwant\n%s", got, want)
	}

	s.MissingFields, s.UnknownFields, s.TooOldFields = []string{"patch"}, map[string]string{"sto": "r.example.com refused the login"}, []string{"same"}
	change("patch", func(i *imageStatus) { i.ReleasesBehind, i.Newest = new(int64(31)), new("a/b:1.16.100") })
	change("hotfix", func(i *imageStatus) { i.ReleasesBehind = nil })
	change("same", func(i *imageStatus) { i.AgeDays = new(int64(812)) })
	got := s.markdown(k8)
	for _, line := range []string{
		"**ci/K8, 7 images: 1 missing, 1 unknown, 1 not supported, 1 too old, 3 outdated, 5 overridden.**\n\n" + tableHead + "| **missing**, 31 versions behind, overridden | `patch` | `a/b:1.16.6` | `1.16.100` | not known |\n",
		"\n| **unknown**: `r.example.com refused the login` | `sto` | `harness/sto:latest` |",
		"\n| a hotfix behind, overridden | `hotfix` |",
		"\n| too old, overridden | `same` | `a/b:1.0.0`, 812 days old |",
	} {
		if !strings.Contains(got, line) {
			t.Errorf("the table lacks %q:\n%s", line, got)
		}
	}
	none := statusOf(nil, nil)
	if got := none.markdown(k8); !strings.HasPrefix(got, "**ci/K8, 0 images: nothing to do.**") || strings.Contains(got, "|") {
		t.Errorf("without images: %q", got)
	}
}

var codeSpan = regexp.MustCompile("`[^`\n]*`")

// Nothing that a server says leaves its code span: without these, the table is the same as with harmless words.
func FuzzStatusTable(f *testing.F) {
	f.Add("<img src=x onerror=alert(1)>", "a|b", "@octocat [a](http://b)", "`")
	f.Add("x\n| **fine** | y |", "\u202e`|`", "](javascript:x)", "a/b:1.0.0")
	f.Add("addonTag", "harness/ci-addon:1.16.92", "refused", "harness/ci-addon:1.0.0")
	f.Fuzz(func(t *testing.T, field, preset, reason, override string) {
		table := func(field, preset, reason, override string) string {
			s := statusOf(map[string]string{field: preset}, map[string]string{field: override})
			image := s.Images[field]
			image.Pulled = new("r.example.com:x/" + override + reason)
			image.Supported, image.ReleasesBehind, image.Digest, s.OutdatedFields, s.UnsupportedFields = nil, nil, nil, nil, nil
			s.Images[field], s.UnknownFields, s.MissingFields = image, map[string]string{field: reason}, []string{field}
			return codeSpan.ReplaceAllString(s.markdown(k8), "`")
		}
		if got, want := table(field, preset, reason, override), table("f", "a/b:1", "r", "a/c:1"); got != want {
			t.Errorf("%q, %q, %q, %q: the table is\n%s\nwant\n%s", field, preset, reason, override, got, want)
		}
	})
}
