package imageref

import (
	"errors"
	"strings"
	"testing"

	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
)

func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, ref, prefix string) {
		image, err := Parse(ref)
		docker, dockerErr := reference.ParseNormalizedNamed(ref)
		if err != nil {
			checkErrorText(t, err)
			if dockerErr == nil && !refusedOnPurpose(ref, docker) {
				t.Errorf("Docker reads %s, Parse says: %v", docker, err)
			}
			if refProblem(ref) == "" && !errors.Is(err, reference.ErrNameTooLong) {
				t.Errorf("no words for %v", err)
			}
			return
		}
		full := image.Registry + "/" + image.Repository + tagAndDigest(image)
		if full != docker.String() {
			t.Errorf("got %s, Docker says %s", full, docker)
		}
		if again, err := Parse(full); err != nil || again != image {
			t.Errorf("%+v reads back from %s as %+v, %v", image, full, again, err)
		}
		mirrored, err := Mirror(ref, prefix)
		if err != nil {
			checkErrorText(t, err)
			return
		}
		base := strings.TrimSuffix(prefix, "/") + "/"
		copied, err := Parse(mirrored)
		if err != nil || !strings.HasPrefix(mirrored, base) || copied.Name != image.Name ||
			copied.Tag != image.Tag || copied.Digest != image.Digest {
			t.Errorf("%s under %s became %s, that is %+v, %v", ref, prefix, mirrored, copied, err)
		}
	})
}

// refusedOnPurpose has what Parse refuses, as documented, although Docker accepts it.
func refusedOnPurpose(ref string, docker reference.Named) bool {
	_, err := digest.Parse(ref)
	first, _, _ := strings.Cut(ref, "/")
	upperCase := !strings.ContainsAny(first, ".:") && strings.ToLower(first) != first
	return err == nil || upperCase || reference.Domain(docker) == ""
}

// nameOf returns the name of an image reference.
func nameOf(ref string) string {
	image, _ := Parse(ref)
	return image.Name
}

func FuzzReleasesBehind(f *testing.F) {
	f.Fuzz(func(t *testing.T, image, latest string) {
		behind, ok := minorsBehind(image, latest)
		ahead, okBack := minorsBehind(latest, image)
		if behind < 0 || !ok && behind != 0 || behind > 0 && (!okBack || ahead != 0) {
			t.Errorf("%s, %s: %d, %v; the other way %d, %v", image, latest, behind, ok, ahead, okBack)
		}
		there, possible := compareText(image, latest)
		back, possibleBack := compareText(latest, image)
		if possible != possibleBack || there.Older && back.Older || there.Releases > 0 && !there.Older {
			t.Errorf("%s, %s: %+v, %v; the other way %+v, %v", image, latest, there, possible, back, possibleBack)
		}
		have, err := Parse(image)
		newest, errNewest := Parse(latest)
		if err == nil && errNewest == nil {
			tags := []string{have.Tag, newest.Tag, "1.2.3", "1.2.3.4"}
			if n, counted := PublishedBehind(have, newest, tags); counted != possible || n > 0 != there.Older || n > 3 {
				t.Errorf("%s, %s: %d published versions behind, %v", image, latest, n, counted)
			}
		}
		if ok && !possible || possible && nameOf(image) != nameOf(latest) {
			t.Errorf("%s, %s: compared though they are not alike", image, latest)
		}
		if n, _ := minorsBehind(image, image); n != 0 {
			t.Errorf("%s is %d behind itself", image, n)
		}
		if copied, err := Mirror(image, "registry.example.com/mirror"); err == nil {
			if n, okCopy := minorsBehind(copied, latest); n != behind || okCopy != ok {
				t.Errorf("%s: %d, %v; its mirror: %d, %v", image, behind, ok, n, okCopy)
			}
		}
	})
}
