package registry

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

const passes Kind = -1

// faultTable is what goes wrong on either side, and how a copy ends: it succeeds, or fails with the kind.
var faultTable = []struct {
	name        string
	source      fakeregistry.Fault
	destination fakeregistry.Fault
	options     fakeregistry.Options // of the destination
	kind        Kind
	once        bool // refused at once: the fault hits a single time
}{
	{name: "blob 429 twice", source: fakeregistry.Fault{Call: "blobs", Status: 429, Times: 2, Header: http.Header{"Retry-After": {"0"}}}, kind: passes},
	{name: "blob 503 twice", source: fakeregistry.Fault{Call: "blobs", Status: 503, Times: 2}, kind: passes},
	{name: "blob broken off once", source: fakeregistry.Fault{Call: "blobs", Cut: 1000}, kind: passes},
	{name: "blob broken off always", source: fakeregistry.Fault{Call: "blobs", Cut: 1, Times: -1}, kind: Unreachable},
	{name: "blob dropped always", source: fakeregistry.Fault{Call: "blobs", Drop: true, Times: -1}, kind: Unreachable},
	{name: "blob altered", source: fakeregistry.Fault{Call: "blobs", Alter: true, Times: -1}, kind: Mismatch},
	{
		name: "blob altered, destination does not look", source: fakeregistry.Fault{Call: "blobs", Alter: true, Times: -1},
		options: fakeregistry.Options{Unverified: true}, kind: Mismatch,
	},
	{name: "blob too short", source: fakeregistry.Fault{Call: "blobs", Body: "short", Times: -1}, kind: Mismatch},
	{name: "blob gone", source: fakeregistry.Fault{Call: "blobs", Status: 404, Code: "BLOB_UNKNOWN", Times: -1}, kind: NotFound},
	{name: "manifest 429 always", source: fakeregistry.Fault{Call: "manifests", Status: 429, Code: "TOOMANYREQUESTS", Times: -1}, kind: RateLimited},
	{name: "manifest 500 always", source: fakeregistry.Fault{Call: "manifests", Status: 500, Times: -1}, kind: Unreachable},
	{name: "manifest altered", source: fakeregistry.Fault{Call: "manifests", Method: http.MethodGet, Alter: true, Times: -1}, kind: Mismatch},
	{name: "child manifest altered", source: fakeregistry.Fault{Call: "manifests", Method: http.MethodGet, Alter: true, After: 1, Times: -1}, kind: Mismatch},
	{name: "tag's digest lies", source: fakeregistry.Fault{
		Call: "manifests", Method: http.MethodHead,
		Header: http.Header{"Docker-Content-Digest": {multi(99).Digest()}},
	}, kind: NotFound},

	{name: "upload begun 503 once", destination: fakeregistry.Fault{Call: "uploads", Method: http.MethodPost, Status: 503}, kind: passes},
	{name: "upload 429 once", destination: fakeregistry.Fault{Call: "uploads", Method: http.MethodPut, Status: 429}, kind: passes},
	{name: "upload 500 once", destination: fakeregistry.Fault{Call: "uploads", Method: http.MethodPut, Status: 500}, kind: passes},
	{name: "upload dropped once", destination: fakeregistry.Fault{Call: "uploads", Method: http.MethodPut, Drop: true, Take: 100}, kind: passes},
	{name: "upload stored, answer lost", destination: fakeregistry.Fault{Call: "uploads", Method: http.MethodPut, Drop: true, ApplyFirst: true}, kind: passes},
	{name: "upload forgotten", destination: fakeregistry.Fault{Call: "uploads", Method: http.MethodPut, Status: 404, Code: "BLOB_UPLOAD_UNKNOWN"}, kind: passes},
	{name: "upload dropped always", destination: fakeregistry.Fault{Call: "uploads", Method: http.MethodPut, Drop: true, Take: 100, Times: -1}, kind: Unreachable},
	{name: "upload 404 NAME_UNKNOWN", destination: fakeregistry.Fault{Call: "uploads", Status: 404, Code: "NAME_UNKNOWN", Times: -1}, kind: NoRepository},
	{name: "upload 403", destination: fakeregistry.Fault{Call: "uploads", Method: http.MethodPut, Status: 403, Code: "DENIED", Times: -1}, kind: Denied},
	{name: "upload's digest refused", destination: fakeregistry.Fault{Call: "uploads", Method: http.MethodPut, Status: 400, Code: "DIGEST_INVALID", Times: -1}, kind: Mismatch},
	{name: "manifest put 500 once", destination: fakeregistry.Fault{Call: "manifests", Method: http.MethodPut, Status: 500}, kind: passes},
	{name: "manifest put, answer lost", destination: fakeregistry.Fault{Call: "manifests", Method: http.MethodPut, Drop: true, ApplyFirst: true, Times: 2}, kind: passes},
	{
		name: "tag put, answer lost, immutable", destination: fakeregistry.Fault{Call: "manifests", Method: http.MethodPut, Reference: "manifests/1", Drop: true, ApplyFirst: true},
		options: fakeregistry.Options{ImmutableTags: true}, kind: passes,
	},
	{name: "tag put 403", destination: fakeregistry.Fault{Call: "manifests", Method: http.MethodPut, Reference: "manifests/1", Status: 403, Code: "DENIED", Times: -1}, kind: Denied, once: true},
	{name: "tag put 400 TAG_INVALID", destination: fakeregistry.Fault{Call: "manifests", Method: http.MethodPut, Reference: "manifests/1", Status: 400, Code: "TAG_INVALID", Times: -1}, kind: Immutable, once: true},
	{name: "tag put, a locked image of ACR", destination: fakeregistry.Fault{Call: "manifests", Method: http.MethodPut, Reference: "manifests/1", Status: 405, Code: "REGISTRY_DISALLOWED_OPERATION", Times: -1}, kind: Immutable, once: true},
	{name: "tag put, Nexus without redeploy", destination: fakeregistry.Fault{
		Call: "manifests", Method: http.MethodPut, Reference: "manifests/1", Status: 400, Times: -1,
		Body: `{"errors":[{"code":"BLOB_UPLOAD_INVALID","message":"blob upload invalid","detail":"Repository does not allow updating assets"}]}`,
	}, kind: Immutable, once: true},
	{name: "tag put 412", destination: fakeregistry.Fault{Call: "manifests", Method: http.MethodPut, Reference: "manifests/1", Status: 412, Times: -1}, kind: Immutable, once: true},
	{name: "tag put 404 NAME_UNKNOWN", destination: fakeregistry.Fault{Call: "manifests", Method: http.MethodPut, Reference: "manifests/1", Status: 404, Code: "NAME_UNKNOWN", Times: -1}, kind: NoRepository, once: true},
	{name: "tag put taken and not stored", destination: fakeregistry.Fault{Call: "manifests", Method: http.MethodPut, Reference: "manifests/1", Status: 200, Times: -1}, kind: Mismatch, once: true},
}

func TestFaultsOfACopy(t *testing.T) {
	t.Parallel()
	testFaults(t, func(t *testing.T, options fakeregistry.Options) (pair, fakeregistry.Content) {
		t.Helper()
		p := newPair(t, fakeregistry.Options{}, options, nil)
		content := multi(1)
		p.source.Push("a/b:1", content)
		return p, content
	})
}

// testFaults tries the fault table on pairs of which the source has the content under a/b:1.
func testFaults(t *testing.T, newPair func(*testing.T, fakeregistry.Options) (pair, fakeregistry.Content)) {
	t.Helper()
	for _, tc := range faultTable {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, content := newPair(t, tc.options)
			var hits atomic.Int64
			if tc.source.Call != "" {
				p.source.Inject(tc.source)
			}
			if tc.destination.Call != "" {
				tc.destination.Hook = func(fakeregistry.Request) { hits.Add(1) }
				p.destination.Inject(tc.destination)
			}
			got, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{})
			if half := p.destination.Half(); half != nil {
				t.Errorf("half an image under %v", half)
			}
			if tc.kind == passes {
				must(t, err)
				p.there(t, "a/b", "1", content)
				return
			}
			wantKind(t, err, tc.kind)
			if tag := p.tag(t, "a/b:1"); tag != "" {
				t.Errorf("%+v: the tag names %s", got, tag)
			}
			if n := hits.Load(); tc.once && n != 1 {
				t.Errorf("tried %d times", n)
			}
		})
	}
}

func TestAMismatchIsNotRetried(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{Unverified: true}, nil)
	content := fakeregistry.Image("linux/amd64")
	p.source.Push("a/b:1", content)
	p.source.Inject(fakeregistry.Fault{Call: "blobs", Alter: true, Times: -1})
	_, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{})
	if e := told(t, err, Mismatch); e.Host != p.source.Host() {
		t.Errorf("%+v", e)
	}
	if n := p.source.Count(http.MethodGet, "blobs"); n != 1 {
		t.Errorf("read %d times", n)
	}
	if n := len(p.destination.Lacks("a/b", content)); n != 2 {
		t.Errorf("the destination lacks %d parts, want the manifest and its blob", n)
	}
}

// TestNoFaultMakesAFalseSuccess makes each request of a copy fail once, in every way.
func TestNoFaultMakesAFalseSuccess(t *testing.T) {
	t.Parallel()
	transientFaults := map[string]fakeregistry.Fault{
		"429": {Status: 429}, "500": {Status: 500}, "503": {Status: 503}, "dropped": {Drop: true},
		"done and dropped": {Drop: true, ApplyFirst: true}, "broken off": {Cut: 1},
	}
	others := map[string]fakeregistry.Fault{
		"altered": {Alter: true}, "404": {Status: 404}, "403": {Status: 403}, "empty": {Status: 200}, "something": {Body: `{"a":1}`},
	}
	content := fakeregistry.Index(fakeregistry.Image("linux/amd64", fakeregistry.Layer(1, 500)), fakeregistry.Image("linux/arm64", fakeregistry.Layer(1, 500)))
	try := func(t *testing.T, toSource bool, f fakeregistry.Fault, mustPass bool) {
		t.Helper()
		for f.After = range 24 {
			p := newPair(t, logins["token"], fakeregistry.Options{}, func(c *Config) { c.Jobs = 1 })
			p.source.Push("a/b:1", content)
			if toSource {
				p.source.Inject(f)
			} else {
				p.destination.Inject(f)
			}
			got, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{})
			if half := p.destination.Half(); half != nil {
				t.Errorf("request %d: half an image under %v", f.After, half)
			}
			switch {
			case err == nil:
				p.there(t, "a/b", "1", content)
				if got.Digest != content.Digest() {
					t.Errorf("request %d: %+v", f.After, got)
				}
			case mustPass:
				t.Errorf("request %d: %v", f.After, err)
			}
		}
	}
	for _, toSource := range []bool{true, false} {
		side := map[bool]string{true: "source ", false: "destination "}[toSource]
		for name, f := range transientFaults {
			t.Run(side+name, func(t *testing.T) {
				t.Parallel()
				try(t, toSource, f, true)
			})
		}
		for name, f := range others {
			t.Run(side+name, func(t *testing.T) {
				t.Parallel()
				try(t, toSource, f, false)
			})
		}
	}
}

func TestATokenThatExpiresInAnUploadIsRenewed(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"uploads", "manifests"} {
		p := newPair(t, logins["token"], logins["token"], func(c *Config) { c.Jobs = 1 })
		content := multi(1)
		p.source.Push("a/b:1", content)
		expire := func(fakeregistry.Request) { p.destination.ExpireTokens() }
		p.destination.Inject(fakeregistry.Fault{Call: kind, Method: http.MethodPut, After: 1, Hook: expire})
		_, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{})
		must(t, err)
		p.there(t, "a/b", "1", content)
	}
}

func TestACancelledCopyEndsAtOnce(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fakeregistry.Fault{
		"in an upload":             {Call: "uploads", Method: http.MethodPut, Hang: true},
		"in a back-off":            {Call: "manifests", Method: http.MethodPut, Status: 503, Times: -1},
		"in a back-off of a read":  {Call: "blobs", Status: 503, Times: -1},
		"in the wait of a command": {Call: "manifests", Method: http.MethodPut, Status: 429, Times: -1, Header: http.Header{"Retry-After": {"3600"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{}, func(c *Config) {
				c.RetryWaitMin, c.RetryWaitMax, c.RequestTimeout = time.Hour, 10*time.Hour, time.Hour
			})
			p.source.Push("a/b:1", multi(1))
			ctx, cancel := context.WithCancel(t.Context())
			f.Hook = func(fakeregistry.Request) { cancel() }
			p.destination.Inject(f)
			_, err := p.client.Copy(ctx, p.source.Host()+"/a/b:1", p.destination.Host()+"/a/b:1", CopyOptions{})
			if ctx.Err() == nil || err == nil {
				t.Errorf("got %v", err)
			}
			if p.destination.Tag("a/b:1") != "" {
				t.Error("the tag is there")
			}
		})
	}
}

func TestAStalledTransferEnds(t *testing.T) {
	t.Parallel()
	for name, inject := range map[string]func(pair){
		"source": func(p pair) { p.source.Inject(fakeregistry.Fault{Call: "blobs", Hang: true, Times: -1}) },
		"destination": func(p pair) {
			p.destination.Inject(fakeregistry.Fault{Call: "uploads", Method: http.MethodPut, Hang: true, Times: -1})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{}, func(c *Config) {
				c.RequestTimeout, c.MaxRetries = 50*time.Millisecond, 0
			})
			p.source.Push("a/b:1", multi(1))
			inject(p)
			_, err := p.copy(t, "a/b:1", "a/b:1", CopyOptions{})
			wantKind(t, err, Unreachable)
		})
	}
}
