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
	"sync/atomic"
)

// markEvery is the distance between the places to which a content can go back without reading it all again.
const markEvery = 4 << 20

// body is what a request sends.
type body struct {
	io.ReadCloser
	size int64
}

func bytesBody(data []byte) *body {
	return &body{io.NopCloser(bytes.NewReader(data)), int64(len(data))}
}

// content is a blob on its way from a source, with known size and digest. It is hashed as it is read, and ends in an
// error before its last bytes if the digest is another, so even a registry that does not verify never gets it all.
type content struct {
	digest string
	size   int64
	// open returns the bytes from an offset on.
	open func(from int64) (io.ReadCloser, error)
	// again waits and reports whether to go on with a source that was cut off, after so many cuts without a byte.
	again func(cuts int) bool
	// sent counts the bytes that were passed on.
	sent *atomic.Int64

	mu     sync.Mutex // held while reading
	at     int64
	sum    hash.Cloner
	marks  []mark
	cuts   int   // since the last byte
	opened int   // again, altogether
	err    error // why no more can be read
	epoch  int   // of the sections that may read
	source source
}

// source is what a content is read from. Replacing it ends a Read in progress.
type source struct {
	mu   sync.Mutex
	from io.ReadCloser
	gone bool
}

// get returns the source, and opens it if there is none.
func (s *source) get(open func() (io.ReadCloser, error)) (io.Reader, error) {
	s.mu.Lock()
	from := s.from
	s.mu.Unlock()
	if from != nil {
		return from, nil
	}
	from, err := open()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.from = from; s.gone {
		_ = from.Close() // nobody waits for it any more
	}
	return from, nil
}

// drop closes the source; gone says that whoever reads must not open another.
func (s *source) drop(gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = gone
	if s.from != nil {
		_ = s.from.Close() // of what was only read
	}
	s.from = nil
}

func (s *source) isGone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

// mark is the hash of all bytes before an offset.
type mark struct {
	at  int64
	sum hash.Cloner
}

// init makes the content ready to be read from its start.
func (c *content) init() *content {
	sum := sha256.New()
	if strings.HasPrefix(c.digest, "sha512:") {
		sum = sha512.New()
	}
	c.sum, _ = sum.(hash.Cloner) // both are
	c.marks = []mark{{0, clone(c.sum)}}
	if c.size == 0 {
		c.err = c.verify()
	}
	return c
}

func clone(sum hash.Cloner) hash.Cloner {
	copied, _ := sum.Clone() // a hash in memory does not fail
	return copied
}

// next is a body of the n bytes that follow.
func (c *content) next(n int64) *body {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &body{&section{of: c, left: n, epoch: c.epoch}, n}
}

// seek goes back to an offset. No earlier section can be read any more.
func (c *content) seek(to int64) error {
	c.source.drop(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.source.drop(false)
	c.epoch++
	c.err, c.cuts = nil, 0
	for len(c.marks) > 1 && c.marks[len(c.marks)-1].at > to {
		c.marks = c.marks[:len(c.marks)-1]
	}
	from := c.marks[len(c.marks)-1]
	c.at, c.sum = from.at, clone(from.sum)
	buffer := make([]byte, copyBuffer)
	for c.at < to {
		if _, err := c.read(buffer[:min(to-c.at, int64(len(buffer)))]); err != nil {
			return err
		}
	}
	return nil
}

// close ends a Read in progress, for good.
func (c *content) close() { c.source.drop(true) }

// read reads from the source, and goes on after a cut. The lock is held.
func (c *content) read(p []byte) (int, error) {
	for c.err == nil {
		var n int
		from, err := c.source.get(func() (io.ReadCloser, error) { return c.open(c.at) })
		if err != nil {
			c.err = err
			break
		}
		n, err = from.Read(p)
		_, _ = c.sum.Write(p[:n]) // never fails
		c.at += int64(n)
		if c.at == c.size {
			if c.err = c.verify(); c.err != nil {
				break
			}
			return n, nil
		}
		if n > 0 {
			c.cuts = 0
			if last := c.marks[len(c.marks)-1]; c.at-last.at >= markEvery {
				c.marks = append(c.marks, mark{c.at, clone(c.sum)})
			}
			return n, nil
		}
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err == nil {
			continue
		}
		c.cuts++
		if c.opened++; c.opened > maxResumes || c.source.isGone() || !c.again(c.cuts) {
			c.err = err
			break
		}
		c.source.drop(false)
	}
	return 0, c.err
}

// verify compares the digest of what was read.
func (c *content) verify() error {
	algorithm, _, _ := strings.Cut(c.digest, ":")
	if got := algorithm + ":" + hex.EncodeToString(c.sum.Sum(nil)); got != c.digest {
		return problemf(Mismatch, "the blob %s has content with the digest %s", c.digest, got)
	}
	return nil
}

// outcome returns the offset that was reached, and why no more can be read.
func (c *content) outcome() (at int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at, c.err
}

// section is a part of a content, as the body of a request.
type section struct {
	of    *content
	left  int64
	epoch int
}

func (s *section) Read(p []byte) (int, error) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	if s.left == 0 {
		return 0, io.EOF
	}
	if s.epoch != s.of.epoch {
		return 0, io.ErrClosedPipe // its request has failed
	}
	n, err := s.of.read(p[:min(int64(len(p)), s.left)])
	s.left -= int64(n)
	s.of.sent.Add(int64(n))
	return n, err
}

// Close implements io.Closer. The content stays open for the next section.
func (*section) Close() error { return nil }
