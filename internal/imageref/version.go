package imageref

import (
	"cmp"
	"math"
	"strconv"
	"strings"
)

// Comparison says how the version in an image's tag compares with that of the latest.
type Comparison struct {
	// Older is true for a lower version, a hotfix included. A tag of two numbers
	// such as 1.14 moves with the hotfixes and is not older than 1.14.3.
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
// rootless-1.16.92 is a different variant from 1.16.92. A version is two or three numbers between dots,
// with or without v, set apart by - or _. Registry and digest do not count.
func Compare(image, latest Image) (c Comparison, ok bool) {
	if image.Name != latest.Name {
		return Comparison{}, false
	}
	have, okHave := versionOf(image.Tag)
	newest, okNewest := versionOf(latest.Tag)
	if !okHave || !okNewest || have.variant != newest.variant {
		return Comparison{}, false
	}
	c = Comparison{Exact: true}
	switch {
	case have.major > newest.major:
	case have.major < newest.major:
		c = Comparison{Older: true, Releases: sum(newest.minor, newest.major-have.major)}
	case have.minor < newest.minor:
		c.Older = true
		c.Releases = sum(newest.minor-have.minor, 0)
	case have.minor == newest.minor && have.whole && newest.whole:
		c.Older = have.patch < newest.patch
	}
	return c, true
}

// sum adds, up to the maximum of an int64.
func sum(a, b uint64) int64 {
	total := a + b
	if total < a || total > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(total)
}

// ReleasesBehind counts the minor releases by which image is behind latest, two references; 0 if equal or
// ahead. comparable is false if Compare is impossible or not exact (an older major), or if either is not a
// reference.
func ReleasesBehind(image, latest string) (n int64, comparable bool) {
	c, ok := compareText(image, latest)
	if !ok || !c.Exact {
		return 0, false
	}
	return c.Releases, true
}

func compareText(image, latest string) (Comparison, bool) {
	have, err := Parse(image)
	if err != nil {
		return Comparison{}, false
	}
	newest, err := Parse(latest)
	if err != nil {
		return Comparison{}, false
	}
	return Compare(have, newest)
}

// number is a version as numbers.
type number struct{ major, minor, patch uint64 }

func (n number) compare(other number) int {
	return cmp.Or(cmp.Compare(n.major, other.major), cmp.Compare(n.minor, other.minor), cmp.Compare(n.patch, other.patch))
}

// parseNumber reads two or three numbers between dots; whole is true for three.
func parseNumber(text string) (n number, whole, ok bool) {
	parts := strings.Split(text, ".")
	if len(parts) < 2 || len(parts) > 3 {
		return number{}, false, false
	}
	for i, into := range []*uint64{&n.major, &n.minor, &n.patch}[:len(parts)] {
		value, err := strconv.ParseUint(parts[i], 10, 64)
		if err != nil {
			return number{}, false, false
		}
		*into = value
	}
	return n, len(parts) == 3, true
}

type tagVersion struct {
	number
	tag     string
	text    string // such as 1.16.92, without a v
	whole   bool   // has all three numbers
	variant string // the tag with * for the version
}

// Versioned reports whether a tag has a version, as Compare finds it.
func Versioned(tag string) bool {
	_, ok := versionOf(tag)
	return ok
}

// versionOf finds the version in a tag. Of several candidates, the one with three numbers counts, as in
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
