// Package imageref parses container image references the way Docker does, moves them to a mirror, and says
// how far the version in a tag is behind another. It does no I/O.
package imageref

import (
	// The digest library accepts only the algorithms that are linked in.
	_ "crypto/sha256"
	_ "crypto/sha512"
	"fmt"
	"path"

	"github.com/distribution/reference"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

const officialImages = "library/"

// Image is a parsed image reference. The zero value is no image.
type Image struct {
	Registry   string // host[:port]; docker.io if the reference names none
	Repository string // path in the registry, such as harness/ci-addon or library/ubuntu
	Name       string // last element of Repository, such as ci-addon
	Tag        string // empty if absent; no default is added
	Digest     string // such as sha256:…; empty if absent
}

// Parse reads an image reference such as harness/ci-addon:1.16.92, by Docker's rules and with Docker's
// defaults for the registry (docker.io) and for official images (library/). Some slips that Docker's
// grammar allows are errors: a bare digest or image ID, a first element with a dot that is not a host name,
// and one with upper-case letters, which Docker takes for a host even without a dot or port. The error says
// in plain words what is wrong.
func Parse(ref string) (Image, error) {
	if problem := refProblem(ref); problem != "" {
		return Image{}, fmt.Errorf("%s is not an image reference such as harness/ci-addon:1.16.92: %s", text.Quote(ref), problem)
	}
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return Image{}, fmt.Errorf("%s is not an image reference such as harness/ci-addon:1.16.92: %w", text.Quote(ref), err)
	}
	image := Image{Registry: reference.Domain(named), Repository: reference.Path(named)}
	image.Name = path.Base(image.Repository)
	if tagged, ok := named.(reference.Tagged); ok {
		image.Tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		image.Digest = digested.Digest().String()
	}
	return image, nil
}

// Pinned reports whether ref is an image reference with a tag or a digest.
func Pinned(ref string) bool {
	image, err := Parse(ref)
	return err == nil && (image.Tag != "" || image.Digest != "")
}

func tagAndDigest(i Image) string {
	var suffix string
	if i.Tag != "" {
		suffix = ":" + i.Tag
	}
	if i.Digest != "" {
		suffix += "@" + i.Digest
	}
	return suffix
}
