package registry

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// helperScript puts docker-credential-test on PATH, and names it in Docker's configuration.
func helperScript(t *testing.T, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the helper of this test is a shell script")
	}
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "docker-credential-test"), []byte("#!/bin/sh\n"+script), 0o700)) //nolint:gosec // a program
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	configure(t, "DOCKER_CONFIG", `{"credsStore":"test"}`)
}

func TestACredentialHelperIsAsked(t *testing.T) {
	server := fakeregistry.Start(t, logins["token"])
	server.Push("a/b:1", multi(1))
	count := filepath.Join(t.TempDir(), "count")
	t.Setenv("HARNESS_PLATFORM_API_KEY", "not-for-helpers")
	t.Setenv("HARNESSCI_VERIFY_IMAGES", "off")
	helperScript(t, `env | grep -q "^HARNESS" && exit 1
read server; [ "$1 $server" = "get `+server.Host()+`" ] || exit 1
echo x >>`+count+`
echo '{"Username":"`+user+`","Secret":"`+secret+`"}'`)
	c := newClient(t, nil)
	_, err := c.Head(t.Context(), server.Host()+"/a/b:1")
	must(t, err)
	_, err = c.Tags(t.Context(), server.Host()+"/a/b")
	must(t, err)
	_, err = c.Catalog(t.Context(), &url.URL{Scheme: "http", Host: server.Host()})
	must(t, err)
	if data, err := os.ReadFile(count); err != nil || string(data) != "x\n" { //nolint:gosec // of this test
		t.Errorf("the helper ran %d times", len(data)/2)
	}
}

func TestAFailingHelperMattersOnlyIfALoginIsRequired(t *testing.T) {
	for name, tc := range map[string]struct{ script, told string }{
		"missing":           {"", "is not on PATH"},
		"prints a secret":   {"echo " + secret + "; echo " + secret + " >&2; exit 1", "failed"},
		"answers something": {"echo " + secret, "did not return a credential"},
		"knows nothing":     {"echo credentials not found in native keychain; exit 1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			public, private := fakeregistry.Start(t, fakeregistry.Options{}), fakeregistry.Start(t, logins["basic"])
			public.Push("a/b:1", multi(1))
			helperScript(t, tc.script)
			if tc.script == "" {
				t.Setenv("PATH", t.TempDir())
			}
			c := newClient(t, nil)
			_, err := c.Head(t.Context(), public.Host()+"/a/b:1")
			must(t, err)
			_, err = c.Head(t.Context(), private.Host()+"/a/b:1")
			e := told(t, err, Denied)
			if !strings.Contains(e.Error(), tc.told) || strings.Contains(e.Error(), secret) {
				t.Error(e)
			}
		})
	}
}

func TestAHelperThatHangsEndsWithTheCall(t *testing.T) {
	server := fakeregistry.Start(t, logins["basic"])
	started := filepath.Join(t.TempDir(), "started")
	must(t, mkfifo(started))
	helperScript(t, "echo >"+started+"; exec sleep 1000")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = os.ReadFile(started) //nolint:gosec // of this test; returns once the helper runs
		cancel()
	}()
	_, err := newClient(t, nil).Head(ctx, server.Host()+"/a/b:1")
	if ctx.Err() == nil || !is(err, Unreachable) {
		t.Errorf("got %v", err)
	}
}

func TestAHelperHasATimeOut(t *testing.T) {
	helperScript(t, "exec sleep 1000")
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if _, err := askHelper(ctx, "test", "example.com"); err == nil || !strings.Contains(err.Error(), "did not answer") {
		t.Errorf("got %v", err)
	}
}
