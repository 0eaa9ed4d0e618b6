package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/harnessci/terraform-provider-harnessci/internal/dev/script"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
	"github.com/harnessci/terraform-provider-harnessci/internal/realregistry"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

const (
	registryProgram = "docker-registry" // runs the registries that images are copied between
	ours            = "harnessci_image_copy"
	copyFlag        = "copy"
	atATime         = 4 // images that each tool copies
)

// tool is a way to copy: the program, what prints its version, and its arguments for one image. Ours makes all
// copies in one process.
type tool struct {
	name, program string
	version       []string
	args          func(source, destination string) []string
}

var tools = []tool{
	{"crane copy", "crane", []string{"version"}, func(s, d string) []string { return []string{"copy", "--insecure", s, d} }},
	{"regctl image copy", "regctl", []string{"version", "--format", "{{.VCSTag}}"}, func(s, d string) []string {
		host := func(image string) string {
			host, _, _ := strings.Cut(image, "/")
			return "--host=reg=" + host + ",tls=disabled"
		}
		return []string{"image", "copy", host(s), host(d), s, d}
	}},
	{"skopeo copy --all", "skopeo", []string{"--version"}, func(s, d string) []string {
		return []string{"copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", "docker://" + s, "docker://" + d}
	}},
}

// copyPairs copies source=destination pairs as the provider does, in a process of its own, like other tools.
func copyPairs(ctx context.Context, pairs []string) error {
	c := registry.New(registry.Config{MaxRetries: 3, UserAgent: "bench"})
	defer c.Close()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atATime)
	for _, pair := range pairs {
		source, destination, _ := strings.Cut(pair, "=")
		g.Go(func() error {
			d, err := c.Head(ctx, source) // as a plan does
			if err == nil {
				_, err = c.Copy(ctx, source, destination, registry.CopyOptions{Digest: d.Digest})
			}
			return err
		})
	}
	return g.Wait()
}

// copies measures copies of a set like Harness's own with this provider's client and the tools on PATH,
// alternating, between two real registries; nil without a registry to run.
func (l *lab) copies() *copies {
	if _, err := exec.LookPath(registryProgram); err != nil {
		l.say("no %s on PATH: copies are left out", registryProgram)
		return nil
	}
	self, err := os.Executable()
	l.Check(err)
	found := []tool{{name: ours, program: self}}
	out := &copies{Tools: []copied{{Name: ours, Version: "this revision"}}}
	for _, t := range tools {
		version, err := exec.CommandContext(l.Context(), t.program, t.version...).Output() //nolint:gosec // one of the above
		if errors.Is(err, exec.ErrNotFound) {
			out.Missing = append(out.Missing, t.program)
			continue
		}
		l.Check(err)
		text := strings.TrimSpace(string(version)) // the last word is the version itself
		found, out.Tools = append(found, t), append(out.Tools, copied{Name: t.name, Version: text[strings.LastIndex(text, " ")+1:]})
	}
	source := l.registry(l.T)
	images := l.fill(source, out)
	for range l.runs {
		for i, t := range found {
			l.Scope(func(at *script.T) {
				c := &out.Tools[i]
				destination := l.registry(at)
				wall, cpu := l.copy(t, images, source.Host, destination.Host)
				idle, _ := l.copy(t, images, source.Host, destination.Host)
				c.Walls, c.CPUs, c.Idles = append(c.Walls, wall), append(c.CPUs, cpu), append(c.Idles, idle)
				c.Altered = 0
				for name, digest := range images {
					if (fakeregistry.Remote{URL: destination.URL()}).Tag(l.Context(), name) != digest {
						c.Altered++
					}
				}
				l.say("%s took %.1f s", t.name, wall.Seconds())
				l.Check(exec.CommandContext(l.Context(), "sync").Run()) // so that its writes do not slow down the next
			})
		}
	}
	for i, t := range found {
		l.Scope(func(at *script.T) {
			from, to := newProxy(at, source.Host), newProxy(at, l.registry(at).Host)
			for _, into := range []*[2]counts{&out.Tools[i].Counts, &out.Tools[i].IdleCounts} {
				l.copy(t, images, from.Listener.Addr().String(), to.Listener.Addr().String())
				*into = [2]counts{from.take(), to.take()}
			}
		})
	}
	return out
}

// registry starts an empty one.
func (l *lab) registry(t *script.T) *realregistry.Registry {
	r, err := realregistry.Start(l.Context(), registryProgram, t.TempDir(), "")
	l.Check(err)
	t.Cleanup(r.Stop)
	return r
}

// fill creates 29 images, 19 of two platforms and 10 of three, on 9 bases, and returns their digests.
func (l *lab) fill(source *realregistry.Registry, out *copies) map[string]string {
	l.say("filling the source registry")
	images, distinct := map[string]string{}, map[string]int64{}
	for i := range 29 {
		platforms := []string{"linux/amd64", "linux/arm64", "windows/amd64"}
		if i >= 10 {
			platforms = platforms[:2]
		}
		last := 1536
		if i%10 == 0 {
			last = 20 << 10
		}
		var children []fakeregistry.Content
		for p, platform := range platforms {
			base, own := l.layers(1<<24|i%9<<16|p<<8, 7<<10, 3<<10), l.layers(2<<24|i<<16|p<<8, 512, 768, 1<<10, last)
			children = append(children, fakeregistry.Image(platform, append(base, own...)...))
		}
		content := fakeregistry.Index(children...)
		name := fmt.Sprintf("harness/image%02d:1.%d.0", i, i)
		digest, err := fakeregistry.Remote{URL: source.URL()}.Push(l.Context(), name, content)
		l.Check(err)
		images[name] = digest
		for digest, blob := range content.AllBlobs() {
			distinct[digest] = int64(len(blob))
			out.Each += distinct[digest]
		}
	}
	for _, size := range distinct {
		out.Distinct += size
	}
	out.Images = len(images)
	return images
}

// layers returns one of each size, in KiB; much smaller ones to try the program out.
func (l *lab) layers(seed int, sizes ...int) (layers [][]byte) {
	for n, size := range sizes {
		if size <<= 10; l.quick {
			size /= 100
		}
		layers = append(layers, fakeregistry.Layer(uint64(seed|n), size)) //nolint:gosec // small and positive
	}
	return layers
}

// copy copies all images from one host to another, and returns what that took.
func (l *lab) copy(t tool, images map[string]string, source, destination string) (wall, cpu time.Duration) {
	var commands [][]string
	ours := []string{"-" + copyFlag}
	for name := range images {
		from, to := source+"/"+name, destination+"/"+name
		if ours = append(ours, from+"="+to); t.args != nil {
			commands = append(commands, t.args(from, to))
		}
	}
	if t.args == nil {
		commands = [][]string{ours}
	}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(l.Context())
	g.SetLimit(atATime)
	start := time.Now()
	for _, args := range commands {
		g.Go(func() error {
			cmd := exec.CommandContext(ctx, t.program, args...) //nolint:gosec // one of the tools
			if output, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w: %s", t.name, err, output)
			}
			mu.Lock()
			defer mu.Unlock()
			cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
			return nil
		})
	}
	l.Check(g.Wait())
	return time.Since(start), cpu
}

// proxy counts what passes it on the way to a registry.
type proxy struct {
	*httptest.Server
	mu    sync.Mutex
	count counts
}

func newProxy(t *script.T, host string) *proxy {
	p := &proxy{count: counts{Manifests: map[string]int{}}}
	p.Server = httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = "http", host // and the Host that was asked for, so that Locations lead here
		if body := r.Out.Body; body != nil {
			r.Out.Body = struct {
				io.Reader
				io.Closer
			}{io.TeeReader(body, p), body}
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.count.All++
		if strings.Contains(r.In.URL.Path, "/manifests/") {
			p.count.Manifests[r.In.Method]++
		}
	}})
	t.Cleanup(p.Close)
	return p
}

// Write counts a part of a request's body.
func (p *proxy) Write(part []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count.Sent += int64(len(part))
	return len(part), nil
}

// take returns the counts so far and resets them.
func (p *proxy) take() (c counts) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, p.count = p.count, counts{Manifests: map[string]int{}}
	return c
}
