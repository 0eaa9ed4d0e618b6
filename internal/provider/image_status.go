package provider

import (
	"cmp"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// imageStatus compares one field's image with the default.
type imageStatus struct {
	Default    *string `tfsdk:"default"`  // nil: the defaults no longer list the field
	Override   *string `tfsdk:"override"` // nil: none
	Effective  string  `tfsdk:"effective"`
	Overridden bool    `tfsdk:"overridden"`
	Pulled     *string `tfsdk:"pulled"` // nil if unknown
	// PulledOnHarnessCloud is nil if unknown, and for images that do not run on VMs.
	PulledOnHarnessCloud *string `tfsdk:"pulled_on_harness_cloud"`
	Digest               *string `tfsdk:"digest"` // nil if not found, or not looked up
	// ReleasesBehind counts published versions or, if registries were not asked, minors; nil if the two are not
	// comparable, or the versions could not be listed.
	ReleasesBehind *int64  `tfsdk:"releases_behind"`
	Newest         *string `tfsdk:"newest"`    // nil if not listed
	Published      *string `tfsdk:"published"` // nil if unknown, or not asked
	AgeDays        *int64  `tfsdk:"age_days"`
	// Supported is nil if Harness gives no support window, and if it is unknown whether the image is
	// within it: another name or variant, a tag without a version, an older major.
	Supported *bool `tfsdk:"supported"`
}

// imagesStatus compares all images of a module and infra with the defaults. Its lists are sorted and never nil.
type imagesStatus struct {
	Images            map[string]imageStatus `tfsdk:"images"`
	OverriddenFields  []string               `tfsdk:"overridden_fields"`
	OutdatedFields    []string               `tfsdk:"outdated_fields"`
	UnsupportedFields []string               `tfsdk:"unsupported_fields"`
	MissingFields     []string               `tfsdk:"missing_fields"` // nil if registries were not asked
	UnknownFields     map[string]string      `tfsdk:"unknown_fields"` // field to reason; nil likewise
	TooOldFields      []string               `tfsdk:"too_old_fields"` // nil without a maximum age
	Connector         *connectorDescription  `tfsdk:"connector"`      // nil if it cannot be read
	Table             types.String           `tfsdk:"table"`
}

// statusOf works out the status from the defaults and the overrides, two maps from field to image.
func statusOf(defaults, overrides map[string]string) imagesStatus {
	status := imagesStatus{
		Images:           map[string]imageStatus{},
		OverriddenFields: []string{}, OutdatedFields: []string{}, UnsupportedFields: []string{},
	}
	for _, field := range fieldsOf(defaults, overrides) {
		preset, override := entry(defaults, field), entry(overrides, field)
		image, outdated := newImageStatus(preset, override)
		status.Images[field] = image
		if image.Overridden {
			status.OverriddenFields = append(status.OverriddenFields, field)
		}
		if outdated {
			status.OutdatedFields = append(status.OutdatedFields, field)
		}
		if image.Supported != nil && !*image.Supported {
			status.UnsupportedFields = append(status.UnsupportedFields, field)
		}
	}
	return status
}

// newImageStatus also returns whether the image has a lower version than the default, in any part of the
// version.
func newImageStatus(preset, override *string) (_ imageStatus, outdated bool) {
	status := imageStatus{
		Default: preset, Override: override,
		Effective:  *cmp.Or(override, preset),
		Overridden: override != nil,
	}
	if preset == nil {
		return status, outdated
	}
	c, ok := compareImages(status.Effective, *preset)
	if !ok {
		return status, outdated
	}
	outdated = c.Older
	if c.comparable && c.Exact {
		status.ReleasesBehind = &c.Releases
	}
	if supported, known := c.supported(); known {
		status.Supported = &supported
	}
	return status, outdated
}

// fieldsOf returns the fields of several maps from field to image, each once and sorted.
func fieldsOf(images ...map[string]string) []string {
	all := map[string]string{}
	for _, part := range images {
		maps.Copy(all, part)
	}
	return slices.Sorted(maps.Keys(all))
}

// entry returns the image of a field; nil if there is none.
func entry(images map[string]string, field string) *string {
	image, ok := images[field]
	if !ok {
		return nil
	}
	return &image
}
