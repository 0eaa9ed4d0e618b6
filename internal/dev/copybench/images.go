//go:build unix

package copybench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// The set is like what Harness publishes: 29 images, 19 of two platforms and 10 of three, on a few bases.
const (
	indexes     = 29
	threeOfThem = 10
	bases       = 9
)

var platforms = []string{"linux/amd64", "linux/arm64", "windows/amd64"}

// Sizes of layers in bytes: of a base, and of an image's own.
var (
	baseLayers = []int{7 << 20, 3 << 20}
	ownLayers  = []int{512 << 10, 768 << 10, 1 << 20, 1536 << 10}
)

// big is the last layer of every tenth image.
const big = 20 << 20

// filled is the content of a filled registry.
type filled struct {
	Images         []image
	Blobs          int
	Distinct, Each int64
}

// image is a name and a tag, and the digest of what is there.
type image struct{ Name, Digest string }

// fill has a child create the images, because they take much memory.
func (l *lab) fill(ctx context.Context, r *Results) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	scale := 1
	if l.Quick {
		scale = 100
	}
	var f filled
	if err := inChild(ctx, self, fillVar, fmt.Sprint(scale, " ", l.source.URL()), &f); err != nil {
		return err
	}
	l.images = f.Images
	r.Images, r.Blobs, r.Distinct, r.Each = len(f.Images), f.Blobs, f.Distinct, f.Each
	return nil
}

// fill creates the images, one at a time, and prints them. Its argument is a scale and an address.
func fill(argument string) error {
	var scale int
	var address string
	if _, err := fmt.Sscan(argument, &scale, &address); err != nil {
		return err
	}
	var f filled
	seen := map[string]bool{}
	for i := range indexes {
		c := content(i, scale)
		name := fmt.Sprintf("harness/image%02d:1.%d.0", i, i)
		digest, err := fakeregistry.Remote{URL: address}.Push(context.Background(), name, c)
		if err != nil {
			return err
		}
		f.Images = append(f.Images, image{name, digest})
		for digest, blob := range c.AllBlobs() {
			f.Each += int64(len(blob))
			if !seen[digest] {
				seen[digest] = true
				f.Distinct += int64(len(blob))
			}
		}
	}
	f.Blobs = len(seen)
	return json.NewEncoder(os.Stdout).Encode(f)
}

func content(i, scale int) fakeregistry.Content {
	count := 2
	if i < threeOfThem {
		count = 3
	}
	var children []fakeregistry.Content
	for p, platform := range platforms[:count] {
		var layers [][]byte
		for n, size := range baseLayers {
			layers = append(layers, fakeregistry.Layer(seed(1, i%bases, p, n), size/scale))
		}
		for n, size := range ownLayers {
			if i%10 == 0 && n == len(ownLayers)-1 {
				size = big
			}
			layers = append(layers, fakeregistry.Layer(seed(2, i, p, n), size/scale))
		}
		children = append(children, fakeregistry.Image(platform, layers...))
	}
	return fakeregistry.Index(children...)
}

// seed makes one number of a few small ones.
func seed(parts ...int) (s uint64) {
	for _, part := range parts {
		s = s<<8 | uint64(part&0xff)
	}
	return s
}

// altered counts the images that have changed.
func (l *lab) altered(ctx context.Context, host string) (n int) {
	remote := fakeregistry.Remote{URL: "http://" + host}
	for _, image := range l.images {
		if remote.Tag(ctx, image.Name) != image.Digest {
			n++
		}
	}
	return n
}
