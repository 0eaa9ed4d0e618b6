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
	// Releases is by how many minor releases the image is behind; 0 when equal or
	// ahead. It is at least this many when Exact is false.
	Releases int64
	// Exact is false when the image is of an older major: how many minors that had
	// cannot be known, so Releases counts only what must have come since.
	Exact bool
}

// Compare holds image against latest. It is not possible, and ok is false, when
// the names (last path elements) differ, when a tag has no version (latest, dev,
// a digest alone) or when what surrounds the versions differs: rootless-1.16.92
// is another variant than 1.16.92. A version is two or three numbers between
// dots, with or without v, set apart by - or _. Registry and digest do not count.
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

// sum adds and keeps to what an int64 holds.
func sum(a, b uint64) int64 {
	total := a + b
	if total < a || total > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(total)
}

// ReleasesBehind counts the minor releases by which image is behind latest, two
// references; 0 when equal or ahead. comparable is false where Compare is not
// possible or not exact (an older major), or either is not a reference.
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

// number is a version as it counts.
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

// versionOf finds the version in a tag. Of several candidates the one of three
// numbers is meant, as in 1.2.3-ubuntu-22.04; where that leaves two, none is.
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
