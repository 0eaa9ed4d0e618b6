package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// Media types of manifests and configurations (OCI image specification, Docker's image manifest v2.2).
const (
	typeOCIIndex       = "application/vnd.oci.image.index.v1+json"
	typeOCIManifest    = "application/vnd.oci.image.manifest.v1+json"
	typeOCIConfig      = "application/vnd.oci.image.config.v1+json"
	typeDockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
	typeDockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	typeDockerConfig   = "application/vnd.docker.container.image.v1+json"
)

// accepted are the kinds of manifests that there are; a registry answers with the one it has.
var accepted = strings.Join([]string{
	typeOCIIndex, typeDockerList,
	typeOCIManifest, typeDockerManifest,
	"application/vnd.oci.artifact.manifest.v1+json", "*/*;q=0.1",
}, ", ")

var wholeDigest = text.Regexp(`^(sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$`)

// Head returns what a reference names with a HEAD, which Docker Hub does not count as a pull. It takes a
// GET for what the HEAD does not say: the digest, or the registry's message if it refuses.
func (c *Client) Head(ctx context.Context, reference string) (Descriptor, error) {
	r, err := parse(reference)
	if err != nil {
		return Descriptor{}, err
	}
	return c.lookUp(ctx, r)
}

func (c *Client) lookUp(ctx context.Context, r ref) (Descriptor, error) {
	d, err := c.head(ctx, r)
	if err == nil {
		return d, nil
	}
	if code := status(err); code >= http.StatusBadRequest && code < http.StatusInternalServerError &&
		code != http.StatusTooManyRequests {
		var m *manifest
		if m, err = c.get(ctx, r); err == nil {
			return m.Descriptor, nil
		}
	}
	return Descriptor{}, c.absence(ctx, r, err)
}

// Peek returns what a reference names with one HEAD, and no words if the registry refuses. Only a 404 counts as an
// absence.
func (c *Client) Peek(ctx context.Context, reference string) (Descriptor, error) {
	r, err := parse(reference)
	if err != nil {
		return Descriptor{}, err
	}
	d, err := c.head(ctx, r)
	return d, failure(r, err)
}

// Ping asks the registry of a reference how to log in, which otherwise comes before the first request about
// an image.
func (c *Client) Ping(ctx context.Context, reference string) error {
	r, err := parse(reference)
	if err != nil {
		return err
	}
	_, err = c.endpoint(ctx, r.host)
	return failure(r, err)
}

// head asks with a HEAD, and with a GET if the answer lacks the digest.
func (c *Client) head(ctx context.Context, r ref, scopes ...string) (Descriptor, error) {
	resp, err := c.do(ctx, call{
		method: http.MethodHead, ref: r, path: manifestPath(r), scopes: scopes,
		header: http.Header{"Accept": {accepted}}, want: []int{http.StatusOK},
	})
	switch status(err) {
	case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotImplemented: // of registries that know no HEAD
		m, err := c.get(ctx, r)
		if err != nil {
			return Descriptor{}, err
		}
		return m.Descriptor, nil
	}
	if err != nil {
		return Descriptor{}, err
	}
	resp.Body.Close()
	d := Descriptor{
		Digest:    resp.Header.Get("Docker-Content-Digest"),
		MediaType: mediaType(resp.Header),
		Size:      max(resp.ContentLength, 0),
	}
	if !wholeDigest().MatchString(d.Digest) || !isManifest(d.MediaType) {
		m, err := c.get(ctx, r)
		if err != nil {
			return Descriptor{}, err
		}
		d = m.Descriptor
	}
	if r.digest != "" && d.Digest != r.digest {
		return Descriptor{}, problemf(Mismatch, "the registry has %s under this digest", d.Digest)
	}
	return d, nil
}

// absence returns the error of a failed read. If nothing was found, many registries do not say whether the
// repository exists at all; the list of its tags does.
func (c *Client) absence(ctx context.Context, r ref, err error) error {
	err = failure(r, err)
	if !is(err, NotFound) {
		return err
	}
	resp, listing := c.do(ctx, call{
		method: http.MethodGet, ref: r, path: "/v2/" + r.repo + "/tags/list?n=1", want: []int{http.StatusOK},
	})
	if listing == nil {
		_ = resp.Body.Close() // in memory
	} else if none := failure(r, listing); is(none, NoRepository) {
		return none
	}
	return err
}

func manifestPath(r ref) string { return "/v2/" + r.repo + "/manifests/" + r.identifier() }

func mediaType(h http.Header) string {
	t, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// isManifest reports whether a media type is that of a manifest. A registry that serves files may call it
// plain JSON; then only its content decides.
func isManifest(mediaType string) bool {
	return strings.HasPrefix(mediaType, "application/vnd.")
}

// maxCommas limits the members of a manifest: a dozen for each of maxBlobs.
const maxCommas = 12 * maxBlobs

// manifest is a manifest with its content and the computed digest.
type manifest struct {
	Descriptor
	raw []byte
	manifestContent
}

// manifestContent is the relevant part of all kinds of manifests.
type manifestContent struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []descriptor `json:"manifests"`
	Config        *descriptor  `json:"config"`
	Layers        []descriptor `json:"layers"`
	Blobs         []descriptor `json:"blobs"` // of OCI 1.1's artifact manifests
	FSLayers      []struct {
		BlobSum string `json:"blobSum"`
	} `json:"fsLayers"` // of Docker's schema 1
	Subject *descriptor `json:"subject"`
}

type descriptor struct {
	MediaType string    `json:"mediaType"`
	Digest    string    `json:"digest"`
	Size      int64     `json:"size"`
	URLs      []string  `json:"urls,omitempty"`
	Data      []byte    `json:"data,omitempty"`
	Platform  *platform `json:"platform,omitempty"`
}

type platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant"`
}

func (p platform) String() string {
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// known reports whether something can run on a platform; attestations are for unknown/unknown.
func (p platform) known() bool {
	return p.OS != "" && p.OS != "unknown" && p.Architecture != "" && p.Architecture != "unknown"
}

// get fetches a manifest and computes its digest: what a header says proves nothing. A media type known
// beforehand takes precedence over the answer's.
func (c *Client) get(ctx context.Context, r ref, mediaTypes ...string) (m *manifest, err error) {
	err = c.fetch(ctx, manifestCall(r, mediaTypes), func(resp *http.Response, content []byte) error {
		m, err = readManifest(r, content, append(slices.Clone(mediaTypes), mediaType(resp.Header))[0])
		return err
	})
	return m, err
}

func manifestCall(r ref, mediaTypes []string) call {
	return call{
		method: http.MethodGet, ref: r, path: manifestPath(r),
		header: http.Header{"Accept": {strings.Join(append(slices.Clone(mediaTypes), accepted), ", ")}},
		want:   []int{http.StatusOK},
	}
}

func readManifest(r ref, raw []byte, mediaType string) (*manifest, error) {
	m := &manifest{raw: raw}
	algorithm, _, _ := strings.Cut(r.digest, ":")
	m.Descriptor = Descriptor{Digest: digestOf(algorithm, raw), MediaType: mediaType, Size: int64(len(raw))}
	if r.digest != "" && m.Digest != r.digest {
		return nil, problemf(Mismatch, "the registry answered content with the digest %s", m.Digest)
	}
	if bytes.Count(raw, []byte{','}) > maxCommas { // counted before it takes room
		return nil, problemf(Refused, "the manifest has more entries than are allowed")
	}
	if err := json.Unmarshal(raw, &m.manifestContent); err != nil || m.SchemaVersion == 0 && !isManifest(m.manifestContent.MediaType) {
		return nil, problemf(Refused, "the answer is not a manifest, so this may not be a registry")
	}
	switch {
	case m.SchemaVersion == 1:
	case m.manifestContent.MediaType != "":
		m.Descriptor.MediaType = m.manifestContent.MediaType // the manifest's own word is part of its digest
	case m.Manifests != nil && !isIndex(mediaType): // as older Nexus and file servers answer (jib 2819)
		m.Descriptor.MediaType = typeOCIIndex
	case m.Config != nil && (isIndex(mediaType) || !isManifest(mediaType)):
		m.Descriptor.MediaType = typeOCIManifest
		if m.Config.MediaType == typeDockerConfig {
			m.Descriptor.MediaType = typeDockerManifest
		}
	}
	return m, nil
}

func isIndex(mediaType string) bool {
	return mediaType == typeOCIIndex || mediaType == typeDockerList
}

func digestOf(algorithm string, data []byte) string {
	if algorithm == "sha512" {
		sum := sha512.Sum512(data)
		return "sha512:" + hex.EncodeToString(sum[:])
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Inspect returns what a reference names and the platforms it is for. It takes a GET of the manifest and,
// if the image has one platform, of the configuration.
func (c *Client) Inspect(ctx context.Context, reference string) (Image, error) {
	r, err := parse(reference)
	if err != nil {
		return Image{}, err
	}
	m, err := c.get(ctx, r)
	if err != nil {
		return Image{}, c.absence(ctx, r, err)
	}
	image, err := c.describe(ctx, r, m)
	return image, failure(r, err)
}

// describe returns what a manifest says, with a request for the configuration if the image has one platform.
func (c *Client) describe(ctx context.Context, r ref, m *manifest) (Image, error) {
	image := Image{Descriptor: m.Descriptor, Artifact: m.isArtifact()}
	for _, child := range m.children() {
		if child.Platform != nil && child.Platform.known() && len(image.Children) < maxChildren {
			image.Children = append(image.Children, Child{child.Digest, child.Platform.String()})
		}
	}
	if m.Config != nil && isImageConfig(m.Config.MediaType) {
		var p platform
		if err := c.getConfig(ctx, r, *m.Config, &p); err != nil {
			return Image{}, err
		}
		if p.known() {
			image.Platforms = []string{p.String()}
		}
	}
	for _, child := range image.Children {
		image.Platforms = append(image.Platforms, child.Platform)
	}
	slices.Sort(image.Platforms)
	image.Platforms = slices.Compact(image.Platforms)
	return image, nil
}

// isArtifact reports whether a manifest is certainly not an image's. Old builders gave an image's configuration no
// media type of its own.
func (m *manifest) isArtifact() bool {
	switch {
	case m.SchemaVersion == 1:
		return false
	case m.Config == nil:
		return len(m.Manifests) == 0
	}
	return !isImageConfig(m.Config.MediaType) && m.Config.MediaType != "" && m.Config.MediaType != "application/octet-stream"
}

func isImageConfig(mediaType string) bool {
	return mediaType == typeOCIConfig || mediaType == typeDockerConfig
}

// getConfig fetches a small blob of JSON and verifies it.
func (c *Client) getConfig(ctx context.Context, r ref, d descriptor, into any) error {
	if !wholeDigest().MatchString(d.Digest) {
		return problemf(Refused, "the manifest refers to a blob by an invalid digest")
	}
	read := func(_ *http.Response, content []byte) error {
		algorithm, _, _ := strings.Cut(d.Digest, ":")
		if digestOf(algorithm, content) != d.Digest {
			return problemf(Mismatch, "the blob %s has another content", d.Digest)
		}
		if json.Unmarshal(content, into) != nil {
			return problemf(Refused, "the image's configuration is not valid JSON")
		}
		return nil
	}
	if d.Data != nil {
		return read(nil, d.Data)
	}
	return c.fetch(ctx, call{method: http.MethodGet, ref: r, path: blobPath(r, d.Digest), want: []int{http.StatusOK}}, read)
}

func blobPath(r ref, digest string) string { return "/v2/" + r.repo + "/blobs/" + digest }

// CheckPush asks the registry of a reference, and its token server, for a login that is to push there. It does not prove
// that a push is allowed, but finds a registry that does not answer, refuses the login, or wants one where none is configured.
func (c *Client) CheckPush(ctx context.Context, reference string) error {
	r, err := parse(reference)
	if err != nil {
		return err
	}
	resp, err := c.do(ctx, call{method: http.MethodGet, ref: r, path: "/v2/", scopes: []string{pushScope(r)}, want: []int{http.StatusOK}})
	if err != nil {
		return failure(r, err)
	}
	_ = resp.Body.Close() // in memory
	e, err := c.endpoint(ctx, r.host)
	if err == nil && e.challenge.scheme == "bearer" { // whose token server gives anybody a token
		if found, why := c.credentials.find(ctx, e.host, r.repo); found.none() && why == nil {
			err = &Error{Ref: r.String(), Host: r.host, Kind: Denied, Err: &NoLoginError{Host: r.host}}
		}
	}
	return failure(r, err)
}
