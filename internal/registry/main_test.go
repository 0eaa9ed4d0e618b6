package registry

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// TestMain keeps the credentials of whoever runs the tests out of the tests.
func TestMain(m *testing.M) {
	for _, name := range []string{"DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"} {
		_ = os.Unsetenv(name)
	}
	_ = os.Setenv("HOME", filepath.Join(os.TempDir(), "no-such-home"))
	if pairs := os.Getenv(copyChild); pairs != "" {
		os.Exit(copyInChild(pairs))
	}
	if host := os.Getenv(askChild); host != "" {
		os.Exit(askInChild(host))
	}
	goleak.VerifyTestMain(m)
}

// newClient returns a client with short waits, closed at the end of the test.
func newClient(t *testing.T, change func(*Config)) *Client {
	t.Helper()
	cfg := Config{
		UserAgent: "terraform-provider-harnessci/test", RequestTimeout: 10 * time.Second, MaxRetries: 2,
		RetryWaitMin: time.Microsecond, RetryWaitMax: time.Millisecond, Patience: 50 * time.Millisecond,
	}
	if change != nil {
		change(&cfg)
	}
	c := New(cfg)
	t.Cleanup(c.Close)
	return c
}

func wantKind(t *testing.T, err error, kind Kind) {
	t.Helper()
	_ = told(t, err, kind)
}

// told returns an error, which must be of the kind.
func told(t *testing.T, err error, kind Kind) *Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("got %v, want an error of this package: %s", err, kind)
	}
	if e.Kind != kind {
		t.Fatalf("got %q, want %s", e, kind)
	}
	return e
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// recorder keeps what Config.Log gets.
type recorder struct {
	mu      sync.Mutex
	entries []map[string]any
}

func (r *recorder) log(_ context.Context, msg string, fields map[string]any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fields = maps.Clone(fields)
	fields["msg"] = msg
	r.entries = append(r.entries, fields)
}

// platforms are those of the images that most tests use.
var platforms = []string{"linux/arm64", "linux/amd64"}

func multi(seed uint64) fakeregistry.Content { return fakeregistry.Multi(seed, platforms...) }
