package registry

import (
	"context"
	"errors"
)

// CopyOptions are the settings of one copy.
type CopyOptions struct {
	// Digest is what to copy, as the plan showed it; "" takes what the source names now.
	Digest string
	// Signatures lets cosign's .sig, .att and .sbom tags and the referrers go along.
	Signatures bool
}

// CopyResult tells what a copy did.
type CopyResult struct {
	Digest    string // what the destination names now
	Skipped   bool   // the destination named it already
	Mounted   int    // blobs that came from another repository of the destination's registry
	BytesSent int64  // of blobs
}

// Copy copies an image.
func (c *Client) Copy(context.Context, string, string, CopyOptions) (CopyResult, error) {
	return CopyResult{}, errors.ErrUnsupported
}
