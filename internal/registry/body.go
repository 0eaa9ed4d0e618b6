package registry

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strings"
	"sync"
)

// body is the content that a request sends, with known size and digest. If the content differs, it ends in
// an error before its last bytes, so even a registry that does not verify never gets it all.
type body struct {
	source io.ReadCloser
	digest string
	size   int64

	mu   sync.Mutex
	sum  hash.Hash
	sent int64
	err  error
}

func newBody(source io.ReadCloser, digest string, size int64) *body {
	b := &body{source: source, digest: digest, size: size, sum: sha256.New()}
	if strings.HasPrefix(digest, "sha512:") {
		b.sum = sha512.New()
	}
	return b
}

func bytesBody(data []byte, digest string) *body {
	return newBody(io.NopCloser(bytes.NewReader(data)), digest, int64(len(data)))
}

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return 0, b.err
	}
	left := b.size - b.sent
	if left == 0 {
		return 0, io.EOF
	}
	n, err := b.source.Read(p[:min(int64(len(p)), left)])
	_, _ = b.sum.Write(p[:n]) // never fails
	if errors.Is(err, io.EOF) && int64(n) < left {
		err = io.ErrUnexpectedEOF
	}
	if int64(n) == left {
		err = b.verify()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
		return 0, err
	}
	b.sent += int64(n)
	return n, nil
}

// verify compares the digest of what was read. The lock is held, or nobody reads.
func (b *body) verify() error {
	algorithm, _, _ := strings.Cut(b.digest, ":")
	if got := algorithm + ":" + hex.EncodeToString(b.sum.Sum(nil)); got != b.digest {
		return problemf(Mismatch, "the blob %s has content with the digest %s", b.digest, got)
	}
	return nil
}

// Close implements io.Closer. It ends a Read in progress without waiting for it.
func (b *body) Close() error { return b.source.Close() }

// outcome returns how many bytes were sent on, and why not all of them.
func (b *body) outcome() (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sent, b.err
}
