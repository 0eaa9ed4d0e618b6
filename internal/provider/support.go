package provider

import (
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
)

// supportedReleases is how many releases of its harness/ci-* images the vendor supports, according to the
// page "Harness CI images" of its documentation.
const supportedReleases = 3

// imageComparison compares an image with the default of its field.
type imageComparison struct {
	image, preset imageref.Image
	imageref.Comparison
	// comparable: the two have the same name, and versions of the same variant.
	comparable bool
}

// compareImages compares an image with the default; ok is false if one of them is not an image reference.
func compareImages(image, preset string) (c imageComparison, ok bool) {
	var err error
	if c.image, err = imageref.Parse(image); err != nil {
		return imageComparison{}, false
	}
	if c.preset, err = imageref.Parse(preset); err != nil {
		return imageComparison{}, false
	}
	c.Comparison, c.comparable = imageref.Compare(c.image, c.preset)
	return c, true
}

// supported says whether the vendor supports the image while that default is current. It is unknown if no
// window applies, if the two are not comparable, and for an older major that may or may not be within it.
func (c imageComparison) supported() (supported, known bool) {
	switch {
	case !c.comparable || !inSupportWindow(c.preset):
		return false, false
	case c.Releases >= supportedReleases:
		return false, true
	}
	return c.Exact, c.Exact
}

// inSupportWindow reports whether the vendor has a support window for an image: it does for harness/ci-*
// images, also under a mirror's prefix.
func inSupportWindow(image imageref.Image) bool {
	owner := strings.TrimSuffix(image.Repository, "/"+image.Name)
	return strings.HasPrefix(image.Name, "ci-") && (owner == "harness" || strings.HasSuffix(owner, "/harness"))
}
