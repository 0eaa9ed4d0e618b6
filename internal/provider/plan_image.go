package provider

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// checkReference is the error for a planned image that builds could not pull, or that is only a tag; else
// nil. An image that the server already has is never refused, so that it can be imported and kept.
func checkReference(server execconfig.PlanImages, planned plannedImage) diag.Diagnostic {
	if planned.image == "" || !planned.changes || server.Overrides[planned.field] == planned.image {
		return nil
	}
	target := execconfig.Target{Scope: server.Scope, Field: planned.field}
	image, err := imageref.Parse(planned.image)
	if err != nil {
		return diag.NewAttributeErrorDiagnostic(planned.imagePath, "Invalid image reference for "+target.String(),
			text.Sentence(err.Error())+" Harness would store it unchecked, and builds would fail to pull it.")
	}
	preset := server.Defaults[planned.field]
	latest, err := imageref.Parse(preset)
	if err != nil || image.Name == latest.Name || !looksLikeTag(planned.image) {
		return nil
	}
	repository := strings.TrimSuffix(strings.TrimSuffix(preset, "@"+latest.Digest), ":"+latest.Tag)
	return diag.NewAttributeErrorDiagnostic(planned.imagePath, fmt.Sprintf("The image of %s is only a tag", target),
		fmt.Sprintf("Did you mean %s:%s? Some fields have Tag in their name, but every field takes a whole image reference.",
			repository, planned.image))
}

// looksLikeTag reports whether an image reference is one word that begins with a version, or the word
// "latest": a tag, rather than a repository of Docker's official images.
func looksLikeTag(image string) bool {
	if strings.ContainsAny(image, "/:@") {
		return false
	}
	version := strings.TrimPrefix(image, "v")
	digits := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	return image == "latest" || digits > 0 && version[digits] == '.' || digits < 0
}

// checkAgainstDefault finds an image that names neither tag nor digest or is not the default's, and one that
// Harness no longer supports while that default is current.
func checkAgainstDefault(server execconfig.PlanImages, planned plannedImage) (found []finding) {
	f := finding{target: execconfig.Target{Scope: server.Scope, Field: planned.field}, at: planned.imagePath}
	if _, err := imageref.Parse(planned.image); err == nil && !imageref.Pinned(planned.image) {
		f.cause = cause{
			"Images have neither a tag nor a digest",
			"Builds will run whatever the registry calls latest at that moment:",
			"Add a tag or a digest.",
		}
		f.facts = text.Facts{{Name: "planned", Value: planned.image}, {Name: "such as", Value: planned.image + ":1.2.3"}}
		found = append(found, f)
	}
	c, ok := compareImages(planned.image, server.Defaults[planned.field])
	if !ok { // not known yet, or not an image reference
		return found
	}
	f.facts = text.Facts{{Name: "default", Value: server.Defaults[planned.field]}, {Name: "planned", Value: planned.image}}
	if c.image.Name != c.preset.Name {
		if planned.creating || server.Overrides[planned.field] != planned.image { // else it was reported when the image was set
			f.says = fmt.Sprintf("%s, not %s", c.image.Name, c.preset.Name)
			f.cause = cause{
				"Builds would run other images than the defaults of these fields",
				"The planned images have other names than the defaults:",
				"Check that each image belongs to its field. If it is a copy under another name, nothing needs to change.",
			}
			found = append(found, f)
		}
		return found
	}
	if supported, known := c.supported(); supported || !known {
		return found
	}
	f.says = fmt.Sprintf("%d minors behind", c.Releases)
	if !c.Exact {
		f.says = "at least " + f.says
	}
	f.cause = cause{
		"Images are older than Harness supports",
		fmt.Sprintf("Harness's own check of its ci-* images counts minors, and supports the latest and the %d before it:", supportedReleases-1),
		"Builds still run. Choose a newer version, or remove the override to run the default. Within a minor there may be many " +
			"versions: harnessci_image_status with check_registry counts those.",
	}
	return append(found, f)
}
