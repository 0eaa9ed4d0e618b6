package registry

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
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
	for range 29 {
		wg.Go(func() {
			_, _ = c.Head(context.Background(), host+"/a/b:1") // whatever it answers
			_, _ = c.Inspect(context.Background(), host+"/a/b:1")
			_, _ = c.Tags(context.Background(), host+"/a/b")
			_, _ = c.Copy(context.Background(), host+"/a/b:1", host+"/c/d:1", CopyOptions{})
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
				server.Inject(fakeregistry.Fault{Kind: kind, Times: -1, Body: body})
			}
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
		})
	}
}
