package registry

import "io"

type (
	blobTable struct{}
	upload    struct {
		io.ReadCloser
		size int64
	}
)
