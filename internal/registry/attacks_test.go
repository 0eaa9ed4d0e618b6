package registry

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

func TestNoRegistrySeesAnothersSecret(t *testing.T) {
	t.Parallel()
	ours := map[string]string{"source": "source-secret", "destination": "destination-secret"}
	for name, options := range logins {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, destination := options, options
			source.Username, source.Password = "source", ours["source"]
			destination.Username, destination.Password = "destination", ours["destination"]
			p := newPair(t, source, destination, nil)
			p.source.Push("a/b:1", multi(1))
			_, err := p.copy(t, "a/b:1", "c/d:1", CopyOptions{Signatures: true})
			must(t, err)
			seen := map[string]*fakeregistry.Server{}
			for _, server := range []*fakeregistry.Server{p.source, p.destination} {
				for _, r := range server.Requests() {
					if r.Login != "" && r.Login != "bearer" && (r.Login == "source") != (server == p.source) {
						t.Errorf("%s %s got the login of %s", r.Method, r.Path, r.Login)
					}
					if r.Kind == "storage" && r.Authorization != "" {
						t.Errorf("the storage got %s", r.Authorization)
					}
					seen[r.Authorization] = server
				}
			}
			if len(seen) < 2 {
				t.Errorf("%d credentials were used", len(seen))
			}
		})
	}
}

func TestAnUploadElsewhereGetsNoCredential(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{}, logins["basic"], nil)
	p.source.Push("a/b:1", multi(1))
	elsewhere := strings.Replace(p.destination.Host(), "127.0.0.1", "localhost", 1)
	p.destination.Inject(fakeregistry.Fault{Call: "uploads", Method: http.MethodPost, Times: -1, Header: http.Header{
		"Location": {"http://" + elsewhere + "/v2/c/d/blobs/uploads/upload-1"},
	}})
	_, err := p.copy(t, "a/b:1", "c/d:1", CopyOptions{})
	wantKind(t, err, Denied)
	found := false
	for _, r := range p.destination.Requests() {
		if r.Host == elsewhere {
			found = true
			if r.Authorization != "" {
				t.Errorf("%s %s got a credential", r.Method, r.Path)
			}
		}
	}
	if !found {
		t.Error("nothing went there")
	}
}

// other is somebody else's server, which must never see a credential.
type other struct {
	*httptest.Server
	mu       sync.Mutex
	requests []http.Header
}

func startOther(t *testing.T, answer string) *other {
	t.Helper()
	o := &other{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.requests = append(o.requests, r.Header)
		_, _ = w.Write([]byte(answer)) // to a client that waits
	}))
	t.Cleanup(o.Close)
	o.URL = strings.Replace(o.URL, "127.0.0.1", "localhost", 1)
	return o
}

func TestARedirectToHarnessCarriesNothingAndIsNotBelieved(t *testing.T) {
	t.Parallel()
	for _, login := range []string{"basic", "token"} {
		harness := startOther(t, `{"status":"SUCCESS","data":{"addonTag":"harness/ci-addon:1"}}`)
		server := fakeregistry.Start(t, logins[login])
		server.Inject(fakeregistry.Fault{Call: "manifests", Times: -1, Status: 307, Header: http.Header{
			"Location": {harness.URL + "/gateway/ci/execution-config/get-default-config"},
		}})
		c := newClient(t, func(c *Config) { c.Hosts = map[string]Host{server.Host(): {Username: user, Password: secret}} })
		_, err := c.Head(t.Context(), server.Host()+"/a/b:1")
		wantKind(t, err, Refused)
		if len(harness.requests) == 0 {
			t.Error("the redirect was not followed")
		}
		for _, header := range harness.requests {
			if header.Get("Authorization") != "" || header.Get("Cookie") != "" {
				t.Errorf("it got %v", header)
			}
		}
	}
}

func TestALoopOfRedirectsEnds(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	server.Inject(fakeregistry.Fault{Call: "manifests", Times: -1, Status: 307, Header: http.Header{"Location": {"/v2/a/b/manifests/1"}}})
	if _, err := newClient(t, nil).Inspect(t.Context(), server.Host()+"/a/b:1"); err == nil {
		t.Error("no error")
	}
	if n := server.Count("", "manifests"); n > 30 {
		t.Errorf("%d requests", n)
	}
}

func TestNoRegistrySendsTheClientToAMachinesOwnNetwork(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakeregistry.Fault{
		"redirect": {Call: "manifests", Status: 307, Header: http.Header{"Location": {"http://169.254.169.254/latest/meta-data/"}}},
		"token server": {Call: "base", Status: 401, Header: http.Header{
			"Www-Authenticate": {`Bearer realm="http://169.254.169.254/latest?secret",service="x"`},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fakeregistry.Start(t, fakeregistry.Options{})
			fault.Times = -1
			server.Inject(fault)
			_, err := newClient(t, nil).Inspect(t.Context(), server.Host()+"/a/b:1")
			if e := told(t, err, Refused); strings.Contains(e.Error(), "secret") {
				t.Error(e)
			}
		})
	}
}

func TestATokenServersAnswerIsNotShown(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"refresh_token":"hunter2-secret"}`, `hunter2-secret`, `{"token":{"hunter2-secret":1}}`} {
		server := fakeregistry.Start(t, logins["token"])
		server.Inject(fakeregistry.Fault{Call: "token", Times: -1, Body: body})
		var log recorder
		_, err := newClient(t, func(c *Config) { c.Log = log.log }).Head(t.Context(), server.Host()+"/a/b:1")
		if line := fmt.Sprint(told(t, err, Refused), log.entries); strings.Contains(line, "secret") {
			t.Error(line)
		}
	}
}

func TestPlainHTTPIsOnlyForTheLoopbackAndInsecureHosts(t *testing.T) {
	t.Parallel()
	for _, insecure := range []bool{true, false} {
		server := fakeregistry.Start(t, logins["basic"])
		want := server.Push("a/b:1", multi(1))
		for _, host := range []string{"registry.example:80", "10.0.0.1:80", "192.168.1.1:5000"} {
			c := newClient(t, func(c *Config) {
				c.Hosts = map[string]Host{host: {Username: user, Password: secret, Insecure: insecure}}
				c.MaxRetries = 0
			})
			c.http.Proxy = nil
			c.http.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "tcp", server.Host())
			}
			server.ResetLog()
			d, err := c.Head(t.Context(), host+"/a/b:1")
			if insecure && (err != nil || d.Digest != want) {
				t.Errorf("%s: %v", host, err)
			}
			if n := server.Count(""); !insecure && (err == nil || n != 0) {
				t.Errorf("%s: %v after %d requests in clear", host, err, n)
			}
		}
	}
}

// startTLS puts TLS in front of a registry, and returns its host and its CA.
func startTLS(t *testing.T, server *fakeregistry.Server) (host string, roots *x509.CertPool) {
	t.Helper()
	front := httptest.NewTLSServer(server)
	t.Cleanup(front.Close)
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw}))
	return front.Listener.Addr().String(), roots
}

func TestACertificateMustBeTrusted(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	want := server.Push("a/b:1", multi(1))
	host, roots := startTLS(t, server)
	d, err := newClient(t, func(c *Config) { c.RootCAs = roots }).Head(t.Context(), host+"/a/b:1")
	must(t, err)
	if d.Digest != want {
		t.Errorf("%+v", d)
	}
	_, err = newClient(t, nil).Head(t.Context(), host+"/a/b:1")
	wantKind(t, err, Untrusted)
}

func TestARegistryWithTLSDoesNotRedirectToPlainHTTP(t *testing.T) {
	t.Parallel()
	inClear := startOther(t, "{}")
	server := fakeregistry.Start(t, fakeregistry.Options{})
	host, roots := startTLS(t, server)
	server.Inject(fakeregistry.Fault{Call: "manifests", Times: -1, Status: 307, Header: http.Header{"Location": {inClear.URL}}})
	c := newClient(t, func(c *Config) { c.RootCAs = roots })
	c.http.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "registry.example:") {
			address = host
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	c.http.TLSClientConfig.ServerName = "example.com" // as the certificate says
	_, err := c.Inspect(t.Context(), "registry.example/a/b:1")
	wantKind(t, err, Refused)
	if len(inClear.requests) != 0 {
		t.Errorf("%d requests in clear", len(inClear.requests))
	}
}

func TestContentWithoutMeasureIsRefused(t *testing.T) {
	t.Parallel()
	layer := `{"mediaType":"` + fakeregistry.LayerType + `","digest":"` + fakeregistry.Digest(nil) + `","size":1}`
	manifest := func(key, entry string, n int) []byte {
		return []byte(`{"schemaVersion":2,"mediaType":"` + fakeregistry.IndexType + `","` + key + `":[` + strings.Repeat(entry+",", n) + entry + `]}`)
	}
	distinct := func(n int) []byte {
		var entries []string
		for i := range n {
			entries = append(entries, strings.Replace(layer, fakeregistry.Digest(nil), fakeregistry.Digest(fmt.Append(nil, i)), 1))
		}
		return []byte(`{"schemaVersion":2,"mediaType":"` + fakeregistry.ManifestType + `","layers":[` + strings.Join(entries, ",") + `]}`)
	}
	deep := multi(1)
	for range maxDepth + 2 {
		deep = fakeregistry.Index(deep)
	}
	for name, body := range map[string][]byte{
		"a manifest of 100 MB":   manifest("layers", layer, 100<<20/len(layer)),
		"too many layers":        distinct(maxBlobs + 1),
		"too many children":      manifest("manifests", layer, maxChildren+1),
		"a blob without digest":  []byte(`{"schemaVersion":2,"layers":[{"digest":"sha256:../../../etc","size":1}]}`),
		"a child without digest": []byte(`{"schemaVersion":2,"manifests":[{"digest":"../../../v2/other/manifests/1","size":1}]}`),
		"a blob of no size":      []byte(`{"schemaVersion":2,"layers":[{"digest":"` + fakeregistry.Digest(nil) + `","size":-1}]}`),
		"too deep":               deep.Manifest,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{}, nil)
			p.source.Push("a/b:1", deep)
			if name != "too deep" {
				p.source.Inject(fakeregistry.Fault{Call: "manifests", Method: http.MethodGet, Body: string(body), Times: -1})
			}
			_, err := p.copy(t, "a/b:1", "c/d:1", CopyOptions{Digest: fakeregistry.Digest(body)})
			wantKind(t, err, Refused)
			if n := p.destination.Count("", "uploads"); n != 0 || p.destination.Tag("c/d:1") != "" {
				t.Errorf("%d uploads", n)
			}
		})
	}
}

func TestARegistrysWordsAreSafeToShow(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	server.Inject(fakeregistry.Fault{
		Call: "manifests", Times: -1, Status: 403, Code: "DENIED\x1b]0;x\x07",
		Message: "no\x1b[31m\u202e\n" + strings.Repeat("long ", 1000),
	})
	_, err := newClient(t, nil).Head(t.Context(), server.Host()+"/a/b:1")
	e := told(t, err, Denied)
	for _, s := range []string{e.Error(), e.Text, e.Code} {
		if len(s) > 2000 || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q", s)
		}
	}
}
