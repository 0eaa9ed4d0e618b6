package provider

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

// Keys of a copy's private state: the image that was copied, and the one that the source had when last read. A plan
// copies the latter, and so does its apply.
const (
	copiedKey = "copied"
	sourceKey = "source"
	// attachedKey is what was copied along with the image because of signatures.
	attachedKey = "attached"
	// keptKey is former destinations that a change should have deleted, but builds pulled.
	keptKey = "kept"
)

// copiedImage is what is known of an image.
type copiedImage struct {
	Digest string `json:"digest"`
	// Described: the rest is known.
	Described bool             `json:"described,omitempty"`
	Platforms []string         `json:"platforms,omitempty"`
	Children  []registry.Child `json:"children,omitempty"`
}

func copiedImageOf(image registry.Image) copiedImage {
	return copiedImage{Digest: image.Digest, Described: true, Platforms: image.Platforms, Children: image.Children}
}

// copyMemory is what is stored of a copy besides its attributes.
type copyMemory struct{ private privateState }

func (m copyMemory) image(ctx context.Context, key string, diags *diag.Diagnostics) (image copiedImage) {
	m.load(ctx, key, &image, diags)
	return image
}

// load reads a value; it changes nothing if none was stored.
func (m copyMemory) load(ctx context.Context, key string, into any, diags *diag.Diagnostics) {
	value, more := m.private.GetKey(ctx, key)
	diags.Append(more...)
	_ = json.Unmarshal(value, into) // nothing was stored
}

func (m copyMemory) set(ctx context.Context, key string, value any) diag.Diagnostics {
	content, err := json.Marshal(value)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("What was copied cannot be stored", err.Error())}
	}
	return m.private.SetKey(ctx, key, content)
}
