package imageref

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// Release is a published version of an image, as one tag of a repository.
type Release struct {
	Release string // its minor, such as 1.16
	Version string // such as 1.16.92, without a v
	Tag     string // such as rootless-1.16.92
}

// ReleaseOptions says which releases to pick.
type ReleaseOptions struct {
	Limit        int  // how many at most
	IncludeNewer bool // also those above the image's own version
	// ByMinor picks the newest version of each minor, instead of every version.
	ByMinor bool
}

// Releases picks the releases of image's variant from a repository's tags, which may be in any order,
// newest first. Variants are compared as in Compare, so pre-releases, signatures and other variants are
// left out, and so are tags of two numbers for an image with three, because they move. Two spellings of one
// version, as in 1.17.0 and 1.17.00, are one release. The error says why image names no variant.
func Releases(image Image, tags []string, options ReleaseOptions) ([]Release, error) {
	own, ok := versionOf(image.Tag)
	if !ok {
		return nil, fmt.Errorf("the tag %s has no version such as 1.16.92, so it names no release", text.Quote(image.Tag))
	}
	newest := map[number]tagVersion{}
	for _, tag := range tags {
		version, ok := versionOf(tag)
		if !ok || version.variant != own.variant || version.whole != own.whole ||
			!options.IncludeNewer && version.compare(own.number) > 0 {
			continue
		}
		key := version.number
		if options.ByMinor {
			key = number{major: version.major, minor: version.minor}
		}
		best, taken := newest[key]
		if !taken || better(version, best, image.Tag) {
			newest[key] = version
		}
	}
	versions := slices.SortedFunc(maps.Values(newest), func(a, b tagVersion) int { return b.compare(a.number) })
	releases := []Release{}
	for _, v := range versions[:min(len(versions), options.Limit)] {
		releases = append(releases, Release{fmt.Sprintf("%d.%d", v.major, v.minor), v.text, v.tag})
	}
	return releases, nil
}

// better reports whether a is preferred to b: the higher version or, of two spellings of one, the image's
// own, the one with or without a v as the image's tag, or the shorter.
func better(a, b tagVersion, imageTag string) bool {
	alike := func(v tagVersion) int {
		switch {
		case v.tag == imageTag:
			return 2
		case strings.Contains(v.tag, "v") == strings.Contains(imageTag, "v"):
			return 1
		}
		return 0
	}
	return cmp.Or(a.compare(b.number), cmp.Compare(alike(a), alike(b)), cmp.Compare(len(b.tag), len(a.tag)), strings.Compare(b.tag, a.tag)) > 0
}

// NearestTags returns at most limit of a repository's tags that a missing tag may have meant: of the same
// variant if there are any, the nearest versions first, or the newest if the tag has no version.
func NearestTags(tag string, tags []string, limit int) []string {
	own, versioned := versionOf(tag)
	var near, others []tagVersion
	for _, candidate := range tags {
		switch version, ok := versionOf(candidate); {
		case !ok:
		case versioned && version.variant == own.variant:
			near = append(near, version)
		default:
			others = append(others, version)
		}
	}
	if len(near) == 0 {
		near = others
	}
	slices.SortFunc(near, func(a, b tagVersion) int {
		order := 0
		if versioned {
			order = compareDistance(own, a, b)
		}
		return cmp.Or(order, b.compare(a.number), cmp.Compare(len(a.tag), len(b.tag)), strings.Compare(a.tag, b.tag))
	})
	var names []string
	for _, version := range near[:min(len(near), limit)] {
		names = append(names, version.tag)
	}
	return names
}

// compareDistance compares how far a and b are from a version: from major to hotfix.
func compareDistance(from, a, b tagVersion) int {
	return cmp.Or(
		cmp.Compare(distance(from.major, a.major), distance(from.major, b.major)),
		cmp.Compare(distance(from.minor, a.minor), distance(from.minor, b.minor)),
		cmp.Compare(distance(from.patch, a.patch), distance(from.patch, b.patch)),
		cmp.Compare(distance(from.hotfix, a.hotfix), distance(from.hotfix, b.hotfix)),
	)
}

func distance(a, b uint64) uint64 { return max(a, b) - min(a, b) }

// WithTag returns ref, an image reference, with another tag and without a digest.
func WithTag(ref, tag string) string {
	name, _, _ := split(ref)
	return name + ":" + tag
}
