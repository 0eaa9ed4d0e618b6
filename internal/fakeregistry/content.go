package fakeregistry

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"math/rand/v2"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeserver"
)

// Media types that this package creates.
const (
	IndexType    = "application/vnd.oci.image.index.v1+json"
	ManifestType = "application/vnd.oci.image.manifest.v1+json"
	ConfigType   = "application/vnd.oci.image.config.v1+json"
	LayerType    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// Content is a manifest with all that it refers to.
type Content struct {
	Manifest  []byte
	MediaType string
	Platform  string // such as linux/amd64; "" for none
	Blobs     [][]byte
	Children  []Content
}

// Digest returns the digest of the manifest.
func (c Content) Digest() string { return Digest(c.Manifest) }

// Digest returns the sha256 digest of data.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// part is one object of an image, as a registry stores it.
type part struct {
	kind      string // manifests or blobs, as in a path
	mediaType string // of a manifest
	content   []byte
}

// parts returns what the content consists of, each after all that it refers to: its own manifest is last.
func (c Content) parts() (out []part) {
	for _, blob := range c.Blobs {
		out = append(out, part{kind: "blobs", content: blob})
	}
	for _, child := range c.Children {
		out = append(out, child.parts()...)
	}
	return append(out, part{"manifests", c.MediaType, c.Manifest})
}

// lacks returns the digests of the parts that a store does not have, or has with other bytes.
func (c Content) lacks(get func(p part, digest string) []byte) (out []string) {
	for _, p := range c.parts() {
		if digest := Digest(p.content); !bytes.Equal(get(p, digest), p.content) {
			out = append(out, digest)
		}
	}
	return out
}

// AllBlobs returns the distinct blobs of the content by digest, those of its children too.
func (c Content) AllBlobs() map[string][]byte {
	all := map[string][]byte{}
	for _, p := range c.parts() {
		if p.kind == "blobs" {
			all[Digest(p.content)] = p.content
		}
	}
	return all
}

// Descriptor refers to content of any kind.
type Descriptor struct {
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
	Variant      string `json:"variant,omitempty"`
}

func readPlatform(s string) *platform {
	if s == "" {
		return nil
	}
	parts := strings.SplitN(s+"//", "/", 4)
	return &platform{OS: parts[0], Architecture: parts[1], Variant: parts[2]}
}

// Describe returns the descriptor of a blob.
func Describe(mediaType string, blob []byte) Descriptor {
	return Descriptor{MediaType: mediaType, Digest: Digest(blob), Size: int64(len(blob))}
}

// Layer returns a gzip stream of about size bytes, unique to the seed.
func Layer(seed uint64, size int) []byte {
	raw := make([]byte, size)
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	source := rand.NewChaCha8(key)
	_, _ = source.Read(raw) // never fails
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.NoCompression) // a valid level
	_, _ = w.Write(raw)                                   // to memory
	_ = w.Close()
	return out.Bytes()
}

// Image returns an image of one platform with these layers. It says nothing of when it was created.
func Image(forPlatform string, layers ...[]byte) Content {
	return Created("", "", forPlatform, layers...)
}

// Created returns an image like Image whose configuration and label say when it was created; "" for not.
func Created(created, label, forPlatform string, layers ...[]byte) Content {
	p := readPlatform(forPlatform)
	var labels map[string]string
	if label != "" {
		labels = map[string]string{"org.opencontainers.image.created": label}
	}
	var ids []string
	for _, layer := range layers {
		ids = append(ids, Digest(layer))
	}
	config := fakeserver.MustJSON(struct {
		*platform
		Created string         `json:"created,omitempty"`
		Config  map[string]any `json:"config,omitempty"`
		RootFS  map[string]any `json:"rootfs"`
	}{p, created, map[string]any{"Labels": labels}, map[string]any{"type": "layers", "diff_ids": ids}})
	descriptors := make([]Descriptor, len(layers))
	for i, layer := range layers {
		descriptors[i] = Describe(LayerType, layer)
	}
	c := Manifest(ManifestType, map[string]any{"config": Describe(ConfigType, config), "layers": descriptors})
	c.Platform, c.Blobs = forPlatform, append([][]byte{config}, layers...)
	return c
}

// Index returns an index of the children.
func Index(children ...Content) Content {
	descriptors := make([]Descriptor, len(children))
	for i, child := range children {
		descriptors[i] = Describe(child.MediaType, child.Manifest)
		descriptors[i].Platform = readPlatform(child.Platform)
	}
	c := Manifest(IndexType, map[string]any{"manifests": descriptors})
	c.Children = children
	return c
}

// Manifest returns a manifest with these fields, without blobs or children.
func Manifest(mediaType string, fields map[string]any) Content {
	all := map[string]any{"schemaVersion": 2, "mediaType": mediaType}
	maps.Copy(all, fields)
	return Content{Manifest: fakeserver.MustJSON(all), MediaType: mediaType}
}

// Multi returns an index of small images, one per platform, each with a layer unique to this seed and
// platform.
func Multi(seed uint64, platforms ...string) Content {
	children := make([]Content, len(platforms))
	for i, p := range platforms {
		children[i] = Image(p, Layer(seed<<8|uint64(i), 2000))
	}
	return Index(children...)
}
