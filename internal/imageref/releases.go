package imageref

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// Release is the newest hotfix of a minor release, as one tag of a repository.
type Release struct {
	Release string // such as 1.16
	Version string // such as 1.16.92, without a v
	Tag     string // such as rootless-1.16.92
}

// ReleaseOptions says which releases to pick.
type ReleaseOptions struct {
	Limit        int  // how many at most
	IncludeNewer bool // also those above the image's own version
}

// Releases picks the releases of image's variant from a repository's tags, which may be in any order: one
// for each minor release, with its newest hotfix, newest first. Variants are compared as in Compare, so
// pre-releases, signatures and other variants are left out, and so are tags of two numbers for an image
// with three, because they move. The error says why image names no variant.
func Releases(image Image, tags []string, options ReleaseOptions) ([]Release, error) {
	own, ok := versionOf(image.Tag)
	if !ok {
		return nil, fmt.Errorf("the tag %s has no version such as 1.16.92, so it names no release", text.Quote(image.Tag))
	}
	type minor struct{ major, minor uint64 }
	newest := map[minor]tagVersion{}
	for _, tag := range tags {
		version, ok := versionOf(tag)
		if !ok || version.variant != own.variant || version.whole != own.whole ||
			!options.IncludeNewer && version.compare(own.number) > 0 {
			continue
		}
		key := minor{version.major, version.minor}
		best, taken := newest[key]
		if !taken || better(version, best, image.Tag) {
			newest[key] = version
		}
	}
	versions := make([]tagVersion, 0, len(newest))
	for _, version := range newest {
		versions = append(versions, version)
	}
	slices.SortFunc(versions, func(a, b tagVersion) int { return b.compare(a.number) })
	releases := []Release{}
	for _, v := range versions[:min(len(versions), options.Limit)] {
		releases = append(releases, Release{fmt.Sprintf("%d.%d", v.major, v.minor), v.text, v.tag})
	}
	return releases, nil
}

// better reports whether a is preferred to b: the higher version or, of v1.2.3 and 1.2.3, the one written
// like the image's tag.
func better(a, b tagVersion, imageTag string) bool {
	if order := a.compare(b.number); order != 0 {
		return order > 0
	}
	alike := func(v tagVersion) bool { return strings.Contains(v.tag, "v") == strings.Contains(imageTag, "v") }
	return alike(a) && !alike(b) || alike(a) == alike(b) && a.tag < b.tag
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

// compareDistance compares how far a and b are from a version: by major, minor and then hotfix.
func compareDistance(from, a, b tagVersion) int {
	return cmp.Or(
		cmp.Compare(distance(from.major, a.major), distance(from.major, b.major)),
		cmp.Compare(distance(from.minor, a.minor), distance(from.minor, b.minor)),
		cmp.Compare(distance(from.patch, a.patch), distance(from.patch, b.patch)),
	)
}

func distance(a, b uint64) uint64 { return max(a, b) - min(a, b) }

// WithTag returns ref, an image reference, with another tag and without a digest.
func WithTag(ref, tag string) string {
	name, _, _ := split(ref)
	return name + ":" + tag
}
