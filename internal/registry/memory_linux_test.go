package registry

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// askChild names the variable that makes the test's program ask a registry for many images at once.
const askChild = "HARNESSCI_TEST_ASK"

// askInChild prints its peak memory, in MiB.
func askInChild(host string) int {
	c := New(Config{})
	defer c.Close()
	var wg sync.WaitGroup
	for i := range 29 {
		wg.Go(func() {
			_, _ = c.Head(context.Background(), host+"/a/b:1") // whatever it answers
			_, _ = c.Inspect(context.Background(), host+"/a/b:1")
			_, _ = c.Tags(context.Background(), host+"/a/b")
			tags, _ := c.Tags(context.Background(), fmt.Sprintf("%s/a/list%d", host, i%6))
			_, _ = c.Copy(context.Background(), host+"/a/b:1", fmt.Sprintf("%s/c/d%d:1", host, i), CopyOptions{
				Signatures: true, Thorough: true, Describe: true,
			})
			runtime.KeepAlive(tags)
		})
	}
	wg.Wait()
	status, err := fs.ReadFile(os.DirFS("/proc/self"), "status")
	if err != nil {
		return 1
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	_, _ = os.Stdout.WriteString(strings.Fields(after)[0])
	return 0
}

func TestNoAnswerTakesMuchMemory(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector takes many times as much")
	}
	fill := func(head, entry string) []byte {
		return append(append([]byte(head), bytes.Repeat([]byte(entry+","), (maxAnswer-1000)/(len(entry)+1))...), entry+"]}"...)
	}
	layer := `{"digest":"` + fakeregistry.Digest(nil) + `","size":1}`
	for name, body := range map[string][]byte{
		"empty layers": fill(`{"schemaVersion":2,"layers":[`, "{}"),
		"no layers":    fill(`{"schemaVersion":2,"layers":[`, "null"),
		"layers":       fill(`{"schemaVersion":2,"layers":[`, layer),
		"children":     fill(`{"schemaVersion":2,"manifests":[`, layer),
		"tags":         fill(`{"schemaVersion":2,"tags":[`, `"1"`),
		"one text":     append([]byte(`{"schemaVersion":2,"tags":["`), append(bytes.Repeat([]byte("x"), maxAnswer-1000), `"]}`...)...),
	} {
		t.Run(name, func(t *testing.T) {
			server := fakeregistry.Start(t, fakeregistry.Options{NoDigest: true})
			for _, kind := range []string{"manifests", "tags", "blobs"} {
				server.Inject(fakeregistry.Fault{Call: kind, Times: -1, Body: string(body)})
			}
			askInLittleMemory(t, server)
		})
	}
}

// askInLittleMemory runs a program that asks a registry for everything, and copies.
func askInLittleMemory(t *testing.T, server *fakeregistry.Server) {
	t.Helper()
	program, err := os.Executable()
	must(t, err)
	child := exec.CommandContext(t.Context(), program) //nolint:gosec // this test's own program
	child.Env = append(os.Environ(), askChild+"="+server.Host())
	out, err := child.Output()
	must(t, err)
	kib, err := strconv.Atoi(string(out))
	must(t, err)
	t.Logf("%d MiB", kib>>10)
	if kib>>10 >= 128 {
		t.Errorf("took %d MiB", kib>>10)
	}
}

// Copies and lists of hostile content, many at a time.
func TestNoImageTakesMuchMemory(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector takes many times as much")
	}
	padded := func(n, size int, children ...fakeregistry.Content) fakeregistry.Content {
		descriptors := make([]fakeregistry.Descriptor, len(children))
		for i, child := range children {
			descriptors[i] = fakeregistry.Describe(child.MediaType, child.Manifest)
		}
		c := fakeregistry.Manifest(fakeregistry.IndexType, map[string]any{
			"manifests": descriptors, "annotations": map[string]string{fmt.Sprint(n): strings.Repeat("x", size)},
		})
		c.Children = children
		return c
	}
	var nested, middling []fakeregistry.Content
	for n := range 60 {
		nested = append(nested, padded(n, 1<<20, slices.Repeat([]fakeregistry.Content{multi(1)}, 300)...))
		middling = append(middling, padded(n, 60<<10, multi(1)))
	}
	entry := `{"mediaType":"` + fakeregistry.ManifestType + `","size":1,"digest":"` + multi(1).Digest() + `"}`
	referrers := []byte(`{"schemaVersion":2,"mediaType":"` + fakeregistry.IndexType + `","manifests":[` +
		strings.Repeat(entry+",", 2_999) + entry + `]}`)
	for name, prepare := range map[string]func(*fakeregistry.Server){
		"nested indexes":          func(s *fakeregistry.Server) { s.Push("a/b:1", fakeregistry.Index(nested...)) },
		"indexes below the limit": func(s *fakeregistry.Server) { s.Push("a/b:1", fakeregistry.Index(middling...)) },
		"referrers": func(s *fakeregistry.Server) {
			s.Push("a/b:1", multi(1))
			s.Inject(fakeregistry.Fault{Call: "referrers", Times: -1, Body: string(referrers), Header: http.Header{"Content-Type": {fakeregistry.IndexType}}})
		},
		"tags": func(s *fakeregistry.Server) {
			page := `{"tags":["` + strings.Repeat("x", 100)
			for i := range 6 {
				var tags strings.Builder
				for n := range 30_000 {
					fmt.Fprintf(&tags, `%s%06d","%s`, "", n, strings.Repeat("x", 100))
				}
				s.Inject(fakeregistry.Fault{Call: "tags", Reference: fmt.Sprintf("list%d", i), Times: -1, Body: page + tags.String() + `"]}`})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := fakeregistry.Start(t, fakeregistry.Options{Referrers: true})
			prepare(server)
			askInLittleMemory(t, server)
		})
	}
}
