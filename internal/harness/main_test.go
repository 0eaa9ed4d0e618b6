package harness

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

func TestMain(m *testing.M) {
	if os.Getenv(proxyChild) != "" {
		os.Exit(m.Run()) // its one connection stays open until it exits
	}
	goleak.VerifyTestMain(m)
}

// shownRunes is how much of a foreign text is shown.
const shownRunes = 500

var scope = Scope{Module: CI, Infra: K8}

// start returns a fake of the API and the settings of a client for it with short waits.
func start(t *testing.T) (*fakeharness.Server, Config) {
	t.Helper()
	server := fakeharness.Start(t, fakeharness.Options{})
	return server, Config{
		Endpoint:       parseURL(t, server.Endpoint()),
		AccountID:      server.Options().AccountID,
		APIKey:         server.Options().APIKey,
		RequestTimeout: 10 * time.Second,
		MaxRetries:     2,
		UserAgent:      "terraform-provider-harnessci/test",
		RetryWaitMin:   time.Microsecond,
		RetryWaitMax:   time.Millisecond,
	}
}

func parseURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// failure returns err as the *Error it must be.
func failure(t *testing.T, err error) *Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("got %v, want an *Error", err)
	}
	return e
}

// operations are all calls by name, except those of Database DevOps; each returns only its error.
var operations = withDBOps(map[string]operation{
	"get-default-config": func(ctx context.Context, c *Client) error {
		_, err := c.DefaultImages(ctx, scope)
		return err
	},
	"get-customer-config": func(ctx context.Context, c *Client) error {
		_, err := c.CustomerImages(ctx, scope, true)
		return err
	},
	"update-config": func(ctx context.Context, c *Client) error {
		return c.UpdateImages(ctx, scope, map[string]string{"gitCloneTag": "harness/drone-git:1.0.9"})
	},
	"reset-config": func(ctx context.Context, c *Client) error {
		return c.ResetImages(ctx, scope, []string{"gitCloneTag"})
	},
	"get-connector": func(ctx context.Context, c *Client) error {
		_, err := c.Connector(ctx, ImageConnector)
		return err
	},
	"update-connector": func(ctx context.Context, c *Client) error {
		_, err := c.UpdateConnector(ctx, ImageConnector, json.RawMessage(fakeharness.ConnectorBody("https://registry.example.com", "")))
		return err
	},
	"test-connector": func(ctx context.Context, c *Client) error {
		_, err := c.TestConnector(ctx, ImageConnector, 0)
		return err
	},
})

type operation func(context.Context, *Client) error

// logRecorder keeps what Config.Log gets.
type logRecorder struct {
	mu      sync.Mutex
	entries []map[string]any
}

func (l *logRecorder) log(_ context.Context, msg string, fields map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fields = maps.Clone(fields)
	fields["msg"] = msg
	l.entries = append(l.entries, fields)
}

func (l *logRecorder) all() []map[string]any {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.entries
}

// roundTrip is a transport without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
