package imageref

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// ciTags is what a repository of Harness has, in no order.
var ciTags = []string{
	"latest", "1.9.0", "1.16.92", "1.16.4", "1.16.100", "1.15.0", "1.15.17", "1.14.2", "1.13.9", "1.17.3", "2.0.1", "0.9.9",
	"1.16", "v1.12.1", "rootless-1.16.92", "rootless-1.15.4", "rootless-1.15.3", "1.16.92-rootless", "1.15.2-rootless",
	"linux-amd64-1.16.92", "linux-amd64-1.14.1", "windows-amd64-1809-1.16.1", "1.16.93-rc1", "1.16.92-beta.2", "1.16.91_1",
	"sha256-0b2f1e6f.sig", "sha256-1.16.9.att", "20261124", "dev", "1.16.18446744073709551616",
}

func TestReleases(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		tag     string
		options ReleaseOptions
		want    string
	}{
		"every version":                     {"1.16.92", ReleaseOptions{Limit: 4}, "1.16=1.16.92 1.16=1.16.4 1.15=1.15.17 1.15=1.15.0"},
		"every version of a variant":        {"rootless-1.16.92", ReleaseOptions{Limit: 9}, "1.16=rootless-1.16.92 1.15=rootless-1.15.4 1.15=rootless-1.15.3"},
		"every version, newer ones as well": {"1.16.92", ReleaseOptions{Limit: 4, IncludeNewer: true}, "2.0=2.0.1 1.17=1.17.3 1.16=1.16.100 1.16=1.16.92"},
		"newest hotfix of each minor":       {"1.16.92", ReleaseOptions{ByMinor: true, Limit: 3}, "1.16=1.16.92 1.15=1.15.17 1.14=1.14.2"},
		"all":                               {"1.16.92", ReleaseOptions{ByMinor: true, Limit: 100}, "1.16=1.16.92 1.15=1.15.17 1.14=1.14.2 1.13=1.13.9 1.12=v1.12.1 1.9=1.9.0 0.9=0.9.9"},
		"none newer than the image":         {"1.16.5", ReleaseOptions{ByMinor: true, Limit: 2}, "1.16=1.16.4 1.15=1.15.17"},
		"newer ones on demand":              {"1.16.5", ReleaseOptions{ByMinor: true, Limit: 3, IncludeNewer: true}, "2.0=2.0.1 1.17=1.17.3 1.16=1.16.100"},
		"an image that is not there":        {"1.15.99", ReleaseOptions{ByMinor: true, Limit: 1}, "1.15=1.15.17"},
		"variant before":                    {"rootless-1.16.92", ReleaseOptions{ByMinor: true, Limit: 3}, "1.16=rootless-1.16.92 1.15=rootless-1.15.4"},
		"variant after":                     {"1.16.92-rootless", ReleaseOptions{ByMinor: true, Limit: 3}, "1.16=1.16.92-rootless 1.15=1.15.2-rootless"},
		"platform":                          {"linux-amd64-1.16.92", ReleaseOptions{ByMinor: true, Limit: 3}, "1.16=linux-amd64-1.16.92 1.14=linux-amd64-1.14.1"},
		"a variant of its own":              {"arm-1.16.92", ReleaseOptions{ByMinor: true, Limit: 3}, ""},
		"moving tags":                       {"1.16", ReleaseOptions{ByMinor: true, Limit: 3}, "1.16=1.16"},
		"none":                              {"1.16.92", ReleaseOptions{ByMinor: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tags := slices.Clone(ciTags)
			rand.Shuffle(len(tags), func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
			releases, err := Releases(Image{Tag: test.tag}, tags, test.options)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range releases {
				got = append(got, r.Release+"="+r.Tag)
				if !strings.Contains(r.Tag, r.Version) || strings.HasPrefix(r.Version, "v") {
					t.Errorf("the version of %s is %s", r.Tag, r.Version)
				}
			}
			if strings.Join(got, " ") != test.want || releases == nil {
				t.Errorf("got %v, want %s", got, test.want)
			}
		})
	}
}

func TestReleasesOfATagWithoutVersionAreAnError(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"", "latest", "dev", "20261124", "1.2.3-4.5.6"} {
		if _, err := Releases(Image{Tag: tag}, ciTags, ReleaseOptions{Limit: 3}); err == nil || !strings.Contains(err.Error(), "no version") {
			t.Errorf("%q: %v", tag, err)
		}
	}
}

// Of two spellings of one version, the image's own is used, whatever the order of the tags.
func TestReleasesKeepTheSpellingOfTheImage(t *testing.T) {
	t.Parallel()
	for _, tags := range [][]string{{"v1.2.3", "1.2.3"}, {"1.2.3", "v1.2.3"}} {
		for image, want := range map[string]string{"v1.3.0": "v1.2.3", "1.3.0": "1.2.3", "v1.2.3": "v1.2.3"} {
			releases, err := Releases(Image{Tag: image}, tags, ReleaseOptions{Limit: 3})
			if err != nil || len(releases) != 1 || releases[0].Tag != want || releases[0].Version != "1.2.3" {
				t.Errorf("%v for %s: %+v, %v", tags, image, releases, err)
			}
		}
	}
}

// timeline is every tag of harness/ci-addon that Harness's list of images for self-managed installations
// has had, from February 2023 on, with neighbors that its registry has.
var timeline = []string{
	"1.16.1", "1.16.6", "1.16.19", "1.16.26", "1.16.37", "1.16.56", "1.16.56.1", "1.16.58", "1.16.61", "1.16.73", "1.16.91",
	"1.16.92", "1.16.99", "1.17.00", "1.17.3", "1.17.8", "1.18.2", "1.18.7", "1.18.10", "1.18.16", "1.18.27", "1.18.34",
	"rootless-1.18.34", "latest", "1.18",
}

func TestTheTimelineOfAnImage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		image, latest string
		behind        int64
	}{
		{"1.16.6", "1.16.92", 10}, // 27 months, and not one minor
		{"1.18.27", "1.18.34", 1},
		{"1.18.34", "1.18.34", 0},
		{"1.16.56", "1.16.58", 2},
		{"1.16.56.1", "1.16.58", 1},
		{"1.16.56", "1.16.56.1", 1},
		{"1.17.0", "1.17.00", 0},
		{"1.16.99", "1.17.0", 1},
		{"1.16.1", "1.18.34", 21},
		{"1.16.1", "1.18.99", 22}, // the default's own tag is published, whatever the list says
		{"1.19.0", "1.18.34", 0},
		{"1.17", "1.18.34", 6}, // moves with 1.17.8
	} {
		n, ok := PublishedBehind(Image{Name: "ci-addon", Tag: test.image}, Image{Name: "ci-addon", Tag: test.latest}, timeline)
		if !ok || n != test.behind {
			t.Errorf("%s, latest %s: %d behind, %v; want %d", test.image, test.latest, n, ok, test.behind)
		}
	}
	if _, ok := PublishedBehind(Image{Tag: "rootless-1.18.10"}, Image{Tag: "1.18.34"}, timeline); ok {
		t.Error("two variants were compared")
	}
	for tag, want := range map[string]string{
		"1.18.34": "1.18.34 1.18.27 1.18.16",
		"1.16.58": "1.16.58 1.16.56.1 1.16.56",
		"1.17.00": "1.17.00 1.16.99 1.16.92",
	} {
		releases, err := Releases(Image{Tag: tag}, timeline, ReleaseOptions{Limit: 3})
		var got []string
		for _, r := range releases {
			got = append(got, r.Tag)
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("releases up to %s: %v, %v; want %s", tag, got, err, want)
		}
	}
}

func TestReleasesOfThousandsOfTags(t *testing.T) {
	t.Parallel()
	var tags []string
	for minor := range 100 {
		for patch := range 100 {
			tags = append(tags, fmt.Sprintf("1.%d.%d", minor, patch))
		}
	}
	rand.Shuffle(len(tags), func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
	releases, err := Releases(Image{Tag: "1.57.12"}, tags, ReleaseOptions{ByMinor: true, Limit: 3})
	if err != nil || fmt.Sprint(releases) != "[{1.57 1.57.12 1.57.12} {1.56 1.56.99 1.56.99} {1.55 1.55.99 1.55.99}]" {
		t.Errorf("got %v, %v", releases, err)
	}
}

func TestNearestTags(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{
		"1.15.18":          "1.15.17 1.15.0 1.16.4",
		"1.16.101":         "1.16.100 1.16.92 1.16.4",
		"1.18.0":           "1.17.3 1.16 1.16.4",
		"rootless-1.15.40": "rootless-1.15.4 rootless-1.15.3 rootless-1.16.92",
		"1.15.2-rootles":   "1.15.2-rootless rootless-1.15.3 rootless-1.15.4",
		"newest":           "2.0.1 1.17.3 1.16.100",
	} {
		if got := strings.Join(NearestTags(tag, ciTags, 3), " "); got != want {
			t.Errorf("%s: %s, want %s", tag, got, want)
		}
	}
	if got := NearestTags("1.2.3", nil, 3); got != nil {
		t.Errorf("without tags: %v", got)
	}
}

func TestWithTag(t *testing.T) {
	t.Parallel()
	const digest = "@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for ref, want := range map[string]string{
		"harness/ci-addon:1.16.92":                 "harness/ci-addon:2",
		"harness/ci-addon":                         "harness/ci-addon:2",
		"r.example.com:5000/x/ci-addon:1" + digest: "r.example.com:5000/x/ci-addon:2",
		"r.example.com:5000/ci-addon" + digest:     "r.example.com:5000/ci-addon:2",
	} {
		if got := WithTag(ref, "2"); got != want {
			t.Errorf("%s: %s, want %s", ref, got, want)
		}
	}
}
