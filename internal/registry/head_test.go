package registry

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

func TestHeadCostsOneHead(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	content := multi(1)
	server.Push("harness/ci-addon:1.16.92", content)
	c := newClient(t, nil)
	got, err := c.Head(t.Context(), server.Host()+"/harness/ci-addon:1.16.92")
	must(t, err)
	want := Descriptor{Digest: content.Digest(), MediaType: fakeregistry.IndexType, Size: int64(len(content.Manifest))}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if heads, all := server.Count(http.MethodHead, "manifests"), server.Count("", "manifests"); heads != 1 || all != 1 {
		t.Errorf("%d HEADs of %d requests for manifests", heads, all)
	}
	for _, r := range server.Requests() {
		if r.UserAgent != "terraform-provider-harnessci/test" {
			t.Errorf("%s %s has the user agent %q", r.Method, r.Path, r.UserAgent)
		}
	}
}

func TestAPingIsNotRepeatedByTheFirstLookup(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	server.Push("a/b:1", multi(1))
	c := newClient(t, nil)
	must(t, c.Ping(t.Context(), server.Host()+"/a/b:1"))
	if n := server.Count(""); n != 1 || server.Count("", "base") != n {
		t.Errorf("the ping is %d requests: %+v", n, server.Requests())
	}
	_, err := c.Head(t.Context(), server.Host()+"/a/b:1")
	must(t, err)
	if n := server.Count("", "base"); n != 1 {
		t.Errorf("%d pings", n)
	}
	server.Close()
	wantKind(t, newClient(t, nil).Ping(t.Context(), server.Host()+"/a/b:1"), Unreachable)
}

func TestADigestThatTheHeadLacksIsComputed(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{NoDigest: true})
	content := multi(2)
	server.Push("a/b:1", content)
	got, err := newClient(t, nil).Head(t.Context(), server.Host()+"/a/b:1")
	must(t, err)
	if got.Digest != content.Digest() {
		t.Errorf("got %s, want %s", got.Digest, content.Digest())
	}
}

func TestADigestNextToATagDecides(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	was := server.Push("a/b:1", multi(3))
	server.Push("a/b:1", multi(4))
	got, err := newClient(t, nil).Head(t.Context(), server.Host()+"/a/b:1@"+was)
	must(t, err)
	if got.Digest != was {
		t.Errorf("got %s, want %s", got.Digest, was)
	}
}

func TestARegistryWithoutHeadIsAskedByGet(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	want := server.Push("a/b:1", multi(5))
	server.Inject(fakeregistry.Fault{Method: http.MethodHead, Times: -1, Status: http.StatusMethodNotAllowed})
	got, err := newClient(t, nil).Head(t.Context(), server.Host()+"/a/b:1")
	must(t, err)
	if got.Digest != want {
		t.Errorf("got %s, want %s", got.Digest, want)
	}
}

func TestWhatIsMissingIsReported(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options   fakeregistry.Options
		reference string
		kind      Kind
		code      string
	}{
		"tag":                           {reference: "/a/b:2", kind: NotFound, code: "MANIFEST_UNKNOWN"},
		"repository":                    {reference: "/a/none:1", kind: NoRepository, code: "NAME_UNKNOWN"},
		"repository, told as forbidden": {fakeregistry.Options{MissingStatus: 403}, "/a/none:1", Denied, "DENIED"},
		"repository, told as no login":  {fakeregistry.Options{MissingStatus: 401}, "/a/none:1", Denied, "UNAUTHORIZED"},
		"repository, told by its name":  {fakeregistry.Options{MissingStatus: 404}, "/a/none:1", NoRepository, "NAME_UNKNOWN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fakeregistry.Start(t, tc.options)
			server.Push("a/b:1", multi(6))
			_, err := newClient(t, nil).Head(t.Context(), server.Host()+tc.reference)
			if e := told(t, err, tc.kind); e.Code != tc.code || e.Host != server.Host() {
				t.Errorf("%+v", e)
			}
			_, err = newClient(t, nil).Inspect(t.Context(), server.Host()+tc.reference)
			wantKind(t, err, tc.kind)
		})
	}
}

func TestInspectListsPlatforms(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	server.Push("a/index:1", fakeregistry.Index(
		fakeregistry.Image("linux/arm/v7", fakeregistry.Layer(1, 10)),
		fakeregistry.Image("linux/amd64", fakeregistry.Layer(2, 10)),
		fakeregistry.Image("unknown/unknown", fakeregistry.Layer(3, 10)), // an attestation
		fakeregistry.Image("linux/amd64", fakeregistry.Layer(4, 10)),
	))
	server.Push("a/image:1", fakeregistry.Image("windows/amd64", fakeregistry.Layer(5, 10)))
	for reference, want := range map[string][]string{
		"/a/index:1": {"linux/amd64", "linux/arm/v7"},
		"/a/image:1": {"windows/amd64"},
	} {
		got, err := newClient(t, nil).Inspect(t.Context(), server.Host()+reference)
		must(t, err)
		if !slices.Equal(got.Platforms, want) {
			t.Errorf("%s: %v, want %v", reference, got.Platforms, want)
		}
	}
}

func TestReadsSurvivePassingFailures(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakeregistry.Fault{
		"429":        {Status: 429, Times: 2},
		"500":        {Status: 500, Times: 2},
		"503":        {Status: 503, Times: 2},
		"dropped":    {Drop: true, Times: 2},
		"broken off": {Cut: 10, Times: 2},
	} {
		for _, kind := range []string{"base", "manifests", "tags"} {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				server := fakeregistry.Start(t, fakeregistry.Options{})
				server.Push("a/b:1", multi(7))
				f := fault
				f.Call = kind
				server.Inject(f)
				c := newClient(t, nil)
				_, err := c.Inspect(t.Context(), server.Host()+"/a/b:1")
				must(t, err)
				_, err = c.Tags(t.Context(), server.Host()+"/a/b")
				must(t, err)
			})
		}
	}
}

func TestLastingFailuresAreReported(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault fakeregistry.Fault
		kind  Kind
	}{
		"429": {fakeregistry.Fault{Status: 429, Code: "TOOMANYREQUESTS", Message: "slow down"}, RateLimited},
		"500": {fakeregistry.Fault{Status: 500, Code: "UNKNOWN", Message: "slow down"}, Unreachable},
		"400": {fakeregistry.Fault{Status: 400, Code: "NAME_INVALID", Message: "slow down"}, Refused},
		"401": {fakeregistry.Fault{Status: 401, Code: "UNAUTHORIZED", Message: "slow down"}, Denied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fakeregistry.Start(t, fakeregistry.Options{})
			server.Push("a/b:1", multi(8))
			tc.fault.Call, tc.fault.Times = "manifests", -1
			server.Inject(tc.fault)
			_, err := newClient(t, nil).Inspect(t.Context(), server.Host()+"/a/b:1")
			if e := told(t, err, tc.kind); e.Text != "slow down" || e.Status != tc.fault.Status {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestALongRetryAfterIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	server.Inject(fakeregistry.Fault{
		Call: "manifests", Times: -1, Status: 429, Code: "TOOMANYREQUESTS",
		Header: http.Header{"Retry-After": {"21600"}},
	})
	_, err := newClient(t, nil).Inspect(t.Context(), server.Host()+"/a/b:1")
	if e := told(t, err, RateLimited); e.RetryAfter != 6*time.Hour {
		t.Errorf("asks to wait %s", e.RetryAfter)
	}
	if n := server.Count("", "manifests"); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestNoAnswerIsUnreachable(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	server.Close()
	_, err := newClient(t, nil).Head(t.Context(), server.Host()+"/a/b:1")
	wantKind(t, err, Unreachable)
}

func TestAnAnswerThatNeverComesEndsAtTheTimeOut(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakeregistry.Fault{
		"hangs":              {Hang: true},
		"switches protocols": {Status: http.StatusSwitchingProtocols},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fakeregistry.Start(t, fakeregistry.Options{})
			fault.Call, fault.Times = "manifests", -1
			server.Inject(fault)
			c := newClient(t, func(c *Config) { c.RequestTimeout, c.MaxRetries = 100*time.Millisecond, 0 })
			if _, err := c.Head(t.Context(), server.Host()+"/a/b:1"); err == nil {
				t.Fatal("no error")
			}
		})
	}
}

func TestACancelledCallEndsInABackOff(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	c := newClient(t, func(c *Config) { c.RetryWaitMin, c.RetryWaitMax = time.Hour, time.Hour })
	ctx, cancel := context.WithCancel(t.Context())
	server.Inject(fakeregistry.Fault{Call: "manifests", Times: -1, Status: 503, Hook: func(fakeregistry.Request) { cancel() }})
	_, err := c.Head(ctx, server.Host()+"/a/b:1")
	if !is(err, Unreachable) || ctx.Err() == nil {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsNotARegistryIsNotBelieved(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"Harness":  `{"status":"SUCCESS","data":{"addonTag":"harness/ci-addon:1"},"metaData":null,"correlationId":"1"}`,
		"a portal": "<html>Please log in</html>",
		"nothing":  "",
		"a list":   "[]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fakeregistry.Start(t, fakeregistry.Options{})
			server.Inject(fakeregistry.Fault{Times: -1, Status: http.StatusOK, Body: body})
			c := newClient(t, nil)
			_, err := c.Head(t.Context(), server.Host()+"/a/b:1")
			wantKind(t, err, Refused)
			_, err = c.Inspect(t.Context(), server.Host()+"/a/b:1")
			wantKind(t, err, Refused)
			if tags, err := c.Tags(t.Context(), server.Host()+"/a/b"); err == nil {
				t.Errorf("tags %v", tags)
			}
		})
	}
}

func TestALyingDigestIsNotBelieved(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	server.Push("a/b:1", multi(9))
	other := multi(10).Digest()
	server.Inject(fakeregistry.Fault{Call: "manifests", Method: http.MethodGet, Times: -1, Body: string(multi(9).Manifest)})
	_, err := newClient(t, nil).Inspect(t.Context(), server.Host()+"/a/b@"+other)
	wantKind(t, err, Mismatch)
}

func TestOnlyTheRegistryItselfSaysThatAnImageIsMissing(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"base", "token", "storage"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			server := fakeregistry.Start(t, logins["storage on its own"])
			server.Push("a/b:1", fakeregistry.Image("linux/amd64"))
			server.Inject(fakeregistry.Fault{Call: kind, Times: -1, Status: http.StatusNotFound})
			c := newClient(t, func(c *Config) { c.Hosts = map[string]Host{server.Host(): {Username: user, Password: secret}} })
			_, err := c.Inspect(t.Context(), server.Host()+"/a/b:1")
			wantKind(t, err, Refused)
			if kind != "storage" {
				_, err = c.Head(t.Context(), server.Host()+"/a/b:1")
				wantKind(t, err, Refused)
			}
		})
	}
}

func TestARegistryWithoutTLSIsAskedWithItOnce(t *testing.T) {
	t.Parallel()
	s := fakeregistry.Start(t, fakeregistry.Options{})
	s.Push("harness/ci-addon:1.0.0", fakeregistry.Multi(1, "linux/amd64"))
	var again atomic.Int64
	c := newClient(t, func(c *Config) {
		c.Log = func(_ context.Context, _ string, fields map[string]any) {
			if fields["attempt"] != 1 {
				again.Add(1)
			}
		}
	})
	if _, err := c.Head(t.Context(), s.Host()+"/harness/ci-addon:1.0.0"); err != nil || again.Load() > 0 {
		t.Errorf("error %v, %d attempts beside the first", err, again.Load())
	}
}
