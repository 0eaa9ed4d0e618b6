package execconfig

import "maps"

// Change turns the existing overrides of one module and infra into the wanted ones; all maps are from field
// to image.
type Change struct {
	Set   map[string]string // what to store
	Keep  map[string]string // what is already stored as wanted
	Reset map[string]string // what is stored and not wanted
	Left  map[string]string // what is stored and not wanted, but stays
}

// NewChange returns the change from the overrides that exist to the wanted ones.
func NewChange(existing, wanted map[string]string) Change {
	change := Change{Set: map[string]string{}, Keep: map[string]string{}, Reset: map[string]string{}}
	for field, image := range wanted {
		if existing[field] == image {
			change.Keep[field] = image
		} else {
			change.Set[field] = image
		}
	}
	for field, image := range existing {
		if _, ok := wanted[field]; !ok {
			change.Reset[field] = image
		}
	}
	return change
}

// LeaveNewcomers returns the change without the resets of images that are not in shown: an apply resets
// nothing that no plan has shown.
func (c Change) LeaveNewcomers(shown map[string]string) Change {
	resets := c.Reset
	c.Reset, c.Left = map[string]string{}, map[string]string{}
	for field, image := range resets {
		if shown[field] == image {
			c.Reset[field] = image
		} else {
			c.Left[field] = image
		}
	}
	return c
}

// After returns what is stored after the change, given its errors. Writes that may or may not have been
// stored count as not stored.
func (c Change) After(existing map[string]string, failed FieldErrors) map[string]string {
	images := maps.Clone(existing)
	for field, image := range c.Set {
		if Acknowledged(failed[field]) {
			images[field] = image
		}
	}
	for field := range c.Reset {
		if Acknowledged(failed[field]) {
			delete(images, field)
		}
	}
	return images
}
