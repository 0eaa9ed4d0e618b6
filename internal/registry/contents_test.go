package registry

import (
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// contents are the kinds of content that registries have.
func contents() map[string]fakeregistry.Content {
	layer := fakeregistry.Layer(7, 3000)
	empty := []byte("{}")
	blob := func(mediaType string, data []byte) fakeregistry.Descriptor {
		return fakeregistry.Describe(mediaType, data)
	}
	with := func(c fakeregistry.Content, blobs ...[]byte) fakeregistry.Content {
		c.Blobs = blobs
		return c
	}
	image := fakeregistry.Image("linux/amd64", layer)

	docker := with(fakeregistry.Manifest("application/vnd.docker.distribution.manifest.v2+json", map[string]any{
		"config": blob("application/vnd.docker.container.image.v1+json", empty),
		"layers": []any{blob("application/vnd.docker.image.rootfs.diff.tar.gzip", layer)},
	}), empty, layer)
	list := fakeregistry.Manifest("application/vnd.docker.distribution.manifest.list.v2+json", map[string]any{
		"manifests": []any{blob(docker.MediaType, docker.Manifest), blob(image.MediaType, image.Manifest)},
	})
	list.Children = []fakeregistry.Content{docker, image}

	attestation := with(fakeregistry.Manifest(fakeregistry.ManifestType, map[string]any{
		"config": blob(fakeregistry.ConfigType, empty),
		"layers": []any{blob("application/vnd.in-toto+json", []byte(`{"predicate":1}`))},
	}), empty, []byte(`{"predicate":1}`))
	attestation.Platform = "unknown/unknown"

	inlined := blob("application/vnd.oci.empty.v1+json", empty)
	inlined.Data = empty
	artifact := with(fakeregistry.Manifest(fakeregistry.ManifestType, map[string]any{
		"artifactType": "application/vnd.example.sbom",
		"config":       inlined,
		"layers":       []any{blob("application/spdx+json", []byte("sbom"))},
	}), []byte("sbom"))

	foreignLayer := fakeregistry.Descriptor{
		MediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", Digest: fakeregistry.Digest([]byte("windows")), Size: 7,
		URLs: []string{"https://example.invalid/windows"},
	}
	foreign := with(fakeregistry.Manifest(fakeregistry.ManifestType, map[string]any{
		"config": blob(fakeregistry.ConfigType, empty), "layers": []any{foreignLayer, blob(fakeregistry.LayerType, layer)},
	}), empty, layer)

	unknown := with(fakeregistry.Manifest("application/vnd.example.manifest.v1+json", map[string]any{
		"blobs": []any{blob("text/plain", []byte("text"))},
	}), []byte("text"))

	bare := fakeregistry.Content{MediaType: fakeregistry.ManifestType, Manifest: []byte(`{"schemaVersion":2,"config":{"mediaType":"` +
		fakeregistry.ConfigType + `","digest":"` + fakeregistry.Digest(empty) + `","size":2},"layers":[]}  `), Blobs: [][]byte{empty}}

	zero := with(fakeregistry.Manifest(fakeregistry.ManifestType, map[string]any{
		"config": blob(fakeregistry.ConfigType, empty), "layers": []any{blob("text/plain", []byte{})},
	}), empty, []byte{})

	return map[string]fakeregistry.Content{
		"an image":                 image,
		"an index":                 multi(9),
		"Docker's list":            list,
		"attestations":             fakeregistry.Index(image, attestation),
		"nested indexes":           fakeregistry.Index(fakeregistry.Index(image), multi(10)),
		"inlined config":           artifact,
		"foreign layers":           foreign,
		"unknown manifest":         unknown,
		"unknown manifest, nested": fakeregistry.Index(image, unknown),
		"no media type":            bare,
		"an empty blob":            zero,
		"the same layer twice":     fakeregistry.Image("linux/amd64", layer, layer),
		"the same image twice":     fakeregistry.Index(image, image),
	}
}
