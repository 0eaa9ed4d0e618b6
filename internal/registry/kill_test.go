package registry

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// copyChild names the variable that makes the test's program copy what it lists, and end.
const copyChild = "HARNESSCI_TEST_COPY"

// copyInChild is the program that gets killed: it copies pairs of source and destination, all at once.
func copyInChild(pairs string) int {
	c := New(Config{RequestTimeout: time.Minute, MaxRetries: 2})
	defer c.Close()
	var g errgroup.Group
	for pair := range strings.FieldsSeq(pairs) {
		source, destination, _ := strings.Cut(pair, "=")
		g.Go(func() error {
			_, err := c.Copy(context.Background(), source, destination, CopyOptions{})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestAKilledCopyLeavesNoHalfTag(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{}, nil)
	images := killedImages()
	for name, content := range images {
		p.source.Push(name+":1", content)
	}
	for range 8 {
		p.destination = fakeregistry.Start(t, fakeregistry.Options{})
		killAndGoOn(t, p, images, p.destination.Half)
	}
}

func TestRealRegistryHasNoHalfTagAfterAKill(t *testing.T) {
	t.Parallel()
	source := startReal(t, "")
	images := killedImages()
	for name, content := range images {
		push(t, source, name+":1", content)
	}
	for range 4 {
		p := realPair(t, source, startReal(t, ""), nil)
		killAndGoOn(t, p, images, func() (half []string) {
			for name, content := range images {
				if p.tag(t, name+":1") != "" && p.remote.Lacks(t.Context(), name, content) != nil {
					half = append(half, name)
				}
			}
			return half
		})
	}
}

// killedImages are images that take many requests.
func killedImages() map[string]fakeregistry.Content {
	images := map[string]fakeregistry.Content{}
	for i := range uint64(3) {
		images[fmt.Sprintf("a/image%d", i)] = fakeregistry.Index(
			fakeregistry.Image("linux/amd64", fakeregistry.Layer(1, 200_000), fakeregistry.Layer(10+i, 200_000)),
			fakeregistry.Image("linux/arm64", fakeregistry.Layer(2, 200_000), fakeregistry.Layer(20+i, 200_000)))
	}
	return images
}

// killAndGoOn kills a copy when the destination gets its n-th request, at random, and copies again.
func killAndGoOn(t *testing.T, p pair, images map[string]fakeregistry.Content, half func() []string) {
	t.Helper()
	pairs := make([]string, 0, len(images))
	for name := range images {
		pairs = append(pairs, fmt.Sprintf("%s/%s:1=%s/%[2]s:1", p.source.Host(), name, p.destination.Host()))
	}
	program, err := os.Executable()
	must(t, err)
	child := exec.CommandContext(t.Context(), program) //nolint:gosec // this test's own program
	child.Env = append(os.Environ(), copyChild+"="+strings.Join(pairs, " "))
	at := rand.IntN(60)
	started := make(chan struct{})
	p.destination.Inject(fakeregistry.Fault{After: at, Hook: func(fakeregistry.Request) {
		<-started
		_ = child.Process.Kill() // it may have ended
	}})
	must(t, child.Start())
	close(started)
	if err := child.Wait(); err == nil {
		t.Logf("ended before request %d", at)
	}
	if got := half(); got != nil {
		t.Errorf("killed at request %d: half an image under %v", at, got)
	}
	p.destination.ClearFaults()
	for name, content := range images {
		_, err := p.client.Copy(t.Context(), p.source.Host()+"/"+name+":1", p.destination.Host()+"/"+name+":1", CopyOptions{})
		must(t, err)
		p.there(t, name, "1", content)
	}
}
