package imageref

import (
	"cmp"
	"math"
	"strconv"
	"strings"
)

// Comparison says how the version in an image's tag compares with that of the latest.
type Comparison struct {
	// Older is true for a lower version, in any of its numbers. A tag of two numbers
	// such as 1.14 moves with the patches and is not older than 1.14.3.
	Older bool
	// Releases is how many minor releases the image is behind; 0 if equal or ahead. If Exact is false, it
	// is a minimum.
	Releases int64
	// Exact is false if the image is of an older major: it is unknown how many minors that had, so Releases
	// counts only those that must have come since.
	Exact bool
}

// Compare compares image with latest. ok is false if that is impossible: the names (last path elements)
// differ, a tag has no version (latest, dev, only a digest), or what surrounds the versions differs:
// rootless-1.16.92 is a different variant from 1.16.92. A version is two to four numbers between dots,
// with or without v, set apart by - or _; the fourth is that of a hotfix. Registry and digest do not count.
func Compare(image, latest Image) (c Comparison, ok bool) {
	have, newest, ok := versionsOf(image, latest)
	if !ok {
		return Comparison{}, false
	}
	c = Comparison{Older: have.older(newest), Exact: true}
	switch {
	case have.major < newest.major:
		c.Releases, c.Exact = sum(newest.minor, newest.major-have.major), false
	case have.major == newest.major && have.minor < newest.minor:
		c.Releases = sum(newest.minor-have.minor, 0)
	}
	return c, true
}

// versionsOf returns the versions of two images that can be compared.
func versionsOf(image, latest Image) (have, newest tagVersion, ok bool) {
	have, okHave := versionOf(image.Tag)
	newest, okNewest := versionOf(latest.Tag)
	return have, newest, okHave && okNewest && have.variant == newest.variant && image.Name == latest.Name
}

// PublishedBehind counts the versions of image's variant in tags, those of the repository where it is
// published, that are newer than image, up to latest. latest counts even if the tags lack it. ok is false
// if the two cannot be compared.
func PublishedBehind(image, latest Image, tags []string) (n int64, ok bool) {
	have, newest, ok := versionsOf(image, latest)
	if !ok || !have.older(newest) {
		return 0, ok
	}
	newer := map[number]bool{newest.number: true}
	for _, tag := range tags {
		version, ok := versionOf(tag)
		if ok && version.variant == newest.variant && version.whole == newest.whole && have.older(version) && !newest.older(version) {
			newer[version.number] = true
		}
	}
	return int64(len(newer)), true
}

// sum adds, up to the maximum of an int64.
func sum(a, b uint64) int64 {
	total := a + b
	if total < a || total > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(total)
}

// MinorsBehind counts the minors by which image is behind latest; 0 if equal or ahead. ok is false if
// Compare is impossible or not exact (an older major).
func MinorsBehind(image, latest Image) (n int64, ok bool) {
	c, ok := Compare(image, latest)
	if !ok || !c.Exact {
		return 0, false
	}
	return c.Releases, true
}

// HotfixBehind reports whether image is only a hotfix behind latest, a fourth number, as 1.16.56 is behind
// 1.16.56.1.
func HotfixBehind(image, latest Image) bool {
	have, newest, ok := versionsOf(image, latest)
	if !ok || !have.older(newest) {
		return false
	}
	have.hotfix = newest.hotfix
	return have.number == newest.number
}

// number is a version as numbers; those that a tag does not have are 0.
type number struct{ major, minor, patch, hotfix uint64 }

func (n number) compare(other number) int {
	return cmp.Or(cmp.Compare(n.major, other.major), cmp.Compare(n.minor, other.minor),
		cmp.Compare(n.patch, other.patch), cmp.Compare(n.hotfix, other.hotfix))
}

// parseNumber reads two to four numbers between dots; whole is true for three or more.
func parseNumber(text string) (n number, whole, ok bool) {
	parts := strings.Split(text, ".")
	if len(parts) < 2 || len(parts) > 4 {
		return number{}, false, false
	}
	for i, into := range []*uint64{&n.major, &n.minor, &n.patch, &n.hotfix}[:len(parts)] {
		value, err := strconv.ParseUint(parts[i], 10, 64)
		if err != nil {
			return number{}, false, false
		}
		*into = value
	}
	return n, len(parts) >= 3, true
}

type tagVersion struct {
	number
	tag     string
	text    string // such as 1.16.92, without a v
	whole   bool   // has three numbers or four
	variant string // the tag with * for the version
}

// older reports whether v is a lower version. A tag of two numbers moves with the patches of its minor, so
// it is neither older nor newer than those.
func (v tagVersion) older(than tagVersion) bool {
	if v.whole && than.whole {
		return v.compare(than.number) < 0
	}
	return cmp.Or(cmp.Compare(v.major, than.major), cmp.Compare(v.minor, than.minor)) < 0
}

// Versioned reports whether a tag has a version, as Compare finds it.
func Versioned(tag string) bool {
	_, ok := versionOf(tag)
	return ok
}

// versionOf finds the version in a tag. Of several candidates, the one with three or four numbers counts, as in
// 1.2.3-ubuntu-22.04; if two are left, none does.
func versionOf(tag string) (found tagVersion, ok bool) {
	for start := 0; start <= len(tag); {
		end := len(tag)
		if length := strings.IndexAny(tag[start:], "-_"); length >= 0 {
			end = start + length
		}
		text := strings.TrimPrefix(tag[start:end], "v")
		if n, whole, isNumber := parseNumber(text); isNumber {
			switch {
			case found.text == "" || whole && !found.whole:
				ok = true
				found = tagVersion{number: n, tag: tag, text: text, whole: whole, variant: tag[:start] + "*" + tag[end:]}
			case whole == found.whole:
				ok = false
			}
		}
		start = end + 1
	}
	if !ok {
		return tagVersion{}, false
	}
	return found, true
}
