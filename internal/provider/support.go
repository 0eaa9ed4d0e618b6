package provider

import (
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
)

// supportedReleases is how many minors of its ci-* images Harness's own check of old images accepts, according
// to its page "Harness CI images" of 2023 and its published source. The page of 2026 names no window.
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

// supported says whether Harness supports the image while that default is current. It is unknown if no
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

// inSupportWindow reports whether Harness has a support window for an image: it does for its own ci-* images,
// also under a mirror's prefix.
func inSupportWindow(image imageref.Image) bool {
	return strings.HasPrefix(image.Name, "ci-") && pulls.OwnedByHarness(image)
}
