package registry

import (
	"context"
	"time"
)

// firstImages is before any container image was published. Reproducible builds say 1970 or the year 1.
var firstImages = time.Date(2013, time.January, 1, 0, 0, 0, 0, time.UTC)

// CreatedLabel says when an image was created, by the OCI image specification's annotations.
const CreatedLabel = "org.opencontainers.image.created"

// Published returns when an image was created, according to its configuration or, where that gives no date,
// its label org.opencontainers.image.created; the zero time if neither says so, as after a reproducible
// build. It takes a GET of the manifest, of that of one platform if the image has several, and of the
// configuration. Docker Hub counts GETs of manifests as pulls.
func (c *Client) Published(ctx context.Context, reference string) (time.Time, error) {
	r, err := parse(reference)
	if err != nil {
		return time.Time{}, err
	}
	m, err := c.get(ctx, r)
	if err != nil {
		return time.Time{}, c.absence(ctx, r, err)
	}
	if child := m.onePlatform(); child != nil {
		if m, err = c.get(ctx, r.withDigest(child.Digest), child.MediaType); err != nil {
			return time.Time{}, failure(r, err)
		}
	}
	if m.Config == nil || !isImageConfig(m.Config.MediaType) {
		return time.Time{}, nil
	}
	var config struct {
		Created string `json:"created"`
		Config  struct {
			Labels map[string]string `json:"Labels"`
		} `json:"config"`
	}
	if err := c.getConfig(ctx, r, *m.Config, &config); err != nil {
		return time.Time{}, failure(r, err)
	}
	for _, said := range []string{config.Created, config.Config.Labels[CreatedLabel]} {
		if created, err := time.Parse(time.RFC3339, said); err == nil && created.After(firstImages) {
			return created.UTC(), nil
		}
	}
	return time.Time{}, nil
}

// onePlatform returns the child of an index for linux/amd64, else for the first platform; nil for none.
func (m *manifest) onePlatform() (one *descriptor) {
	for i, child := range m.Manifests {
		if child.Platform == nil || !child.Platform.known() || !wholeDigest().MatchString(child.Digest) {
			continue
		}
		if child.Platform.String() == "linux/amd64" {
			return &m.Manifests[i]
		}
		if one == nil {
			one = &m.Manifests[i]
		}
	}
	return one
}
