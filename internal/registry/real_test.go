package registry

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
	"github.com/harnessci/terraform-provider-harnessci/internal/realregistry"
)

// startReal runs the registry that make test-registry names.
func startReal(t *testing.T, auth string) fakeregistry.Remote {
	t.Helper()
	program := os.Getenv("HARNESSCI_TEST_REGISTRY")
	if program == "" {
		t.Skip("make test-registry runs this with a real registry")
	}
	r, err := realregistry.Start(t.Context(), program, t.TempDir(), auth)
	must(t, err)
	t.Cleanup(r.Stop)
	return fakeregistry.Remote{URL: r.URL()}
}

// realPair puts servers that keep a log and inject faults in front of two real registries.
func realPair(t *testing.T, source, destination fakeregistry.Remote, change func(*Config)) pair {
	t.Helper()
	p := newPair(t, fakeregistry.Options{Upstream: source.URL, Username: source.Username, Password: source.Password},
		fakeregistry.Options{Upstream: destination.URL, Username: destination.Username, Password: destination.Password}, change)
	p.remote = &destination
	return p
}

func push(t *testing.T, r fakeregistry.Remote, reference string, content fakeregistry.Content) {
	t.Helper()
	_, err := r.Push(t.Context(), reference, content)
	must(t, err)
}

func TestRealRegistrySaysWhatItHas(t *testing.T) {
	t.Parallel()
	server := startReal(t, "")
	content := multi(1)
	push(t, server, "a/b:1", content)
	var want []string
	for i := range 1200 {
		tag := fmt.Sprintf("1.%04d", i)
		want = append(want, tag)
		push(t, server, "a/tags:"+tag, fakeregistry.Content{Manifest: content.Children[0].Manifest, MediaType: content.Children[0].MediaType, Blobs: firstOnly(i, content.Children[0].Blobs)})
	}
	host := strings.TrimPrefix(server.URL, "http://")
	c := newClient(t, nil)
	image, err := c.Inspect(t.Context(), host+"/a/b:1")
	must(t, err)
	d, err := c.Head(t.Context(), host+"/a/b:1")
	must(t, err)
	if d != image.Descriptor || d.Digest != content.Digest() || !slices.Equal(image.Platforms, []string{"linux/amd64", "linux/arm64"}) {
		t.Errorf("%+v, %+v", d, image)
	}
	tags, err := c.Tags(t.Context(), host+"/a/tags")
	must(t, err)
	if !slices.Equal(tags, want) {
		t.Errorf("%d tags, want %d", len(tags), len(want))
	}
	names, err := c.Catalog(t.Context(), &url.URL{Scheme: "http", Host: host})
	must(t, err)
	if !slices.Equal(names, []string{"a/b", "a/tags"}) {
		t.Errorf("catalog %v", names)
	}
	_, err = c.Head(t.Context(), host+"/a/b:none")
	wantKind(t, err, NotFound)
	_, err = c.Head(t.Context(), host+"/a/none:1")
	wantKind(t, err, NoRepository)
}

func firstOnly(i int, blobs [][]byte) [][]byte {
	if i == 0 {
		return blobs
	}
	return nil
}

func TestRealRegistryHasTheSameByteForByte(t *testing.T) {
	t.Parallel()
	source, destination := startReal(t, ""), startReal(t, "")
	for name, content := range contents() {
		if strings.HasPrefix(name, "unknown") {
			continue // it stores no manifest of a type that it does not know
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := realPair(t, source, destination, nil)
			repository := "a/" + strings.Map(func(r rune) rune {
				if r < 'a' || r > 'z' {
					return 'x'
				}
				return r
			}, name)
			withInlined := content
			withInlined.Blobs = append(slices.Clone(content.Blobs), []byte("{}")) // it checks for inlined ones
			push(t, source, repository+":1", withInlined)
			got, err := p.copy(t, repository+":1", repository+":1", CopyOptions{})
			must(t, err)
			p.there(t, repository, "1", content)
			again, err := p.copy(t, repository+":1", repository+":1", CopyOptions{Digest: got.Digest})
			must(t, err)
			if !again.Skipped {
				t.Errorf("%+v", again)
			}
		})
	}
}

func TestRealRegistryGetsASharedLayerOnce(t *testing.T) {
	t.Parallel()
	source, destination := startReal(t, ""), startReal(t, "")
	p := realPair(t, source, destination, nil)
	base := fakeregistry.Layer(1000, 500_000)
	var sent int64
	for i := range 5 {
		name := fmt.Sprintf("a/image%d", i)
		content := fakeregistry.Index(fakeregistry.Image("linux/amd64", base, fakeregistry.Layer(uint64(i), 1000)), fakeregistry.Image("linux/arm64", base))
		push(t, source, name+":1", content)
		got, err := p.copy(t, name+":1", name+":1", CopyOptions{})
		must(t, err)
		p.there(t, name, "1", content)
		sent += got.BytesSent
	}
	if sent > 500_000+5*(1000+1000) || p.destination.Received() != sent {
		t.Errorf("%d bytes sent, %d arrived", sent, p.destination.Received())
	}
}

func TestRealRegistryRequiresALogin(t *testing.T) {
	t.Parallel()
	for name, auth := range map[string]func(*testing.T) string{"htpasswd": htpasswd, "token": tokenServer} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, destination := startReal(t, ""), startReal(t, auth(t))
			content := multi(1)
			for _, repository := range []string{"a/b", "a/c"} {
				push(t, source, repository+":1", content)
			}
			with := destination
			with.Username, with.Password = user, secret
			p := realPair(t, source, with, nil)
			for _, repository := range []string{"a/b", "a/c"} {
				_, err := p.copy(t, repository+":1", repository+":1", CopyOptions{})
				must(t, err)
				d, err := p.client.Head(t.Context(), p.destination.Host()+"/"+repository+":1")
				must(t, err)
				if d.Digest != content.Digest() {
					t.Errorf("%+v", d)
				}
			}
			if p.destination.Count(http.MethodPut, "uploads") != len(content.AllBlobs()) {
				t.Error("nothing was mounted")
			}
			without := newClient(t, nil)
			_, err := without.Head(t.Context(), p.destination.Host()+"/a/b:1")
			wantKind(t, err, Denied)
		})
	}
}

func TestRealRegistrySurvivesFaults(t *testing.T) {
	t.Parallel()
	source := startReal(t, "")
	content := multi(1)
	push(t, source, "a/b:1", content)
	testFaults(t, func(t *testing.T, options fakeregistry.Options) (pair, fakeregistry.Content) {
		t.Helper()
		if options != (fakeregistry.Options{}) {
			t.Skip("a real registry verifies, and overwrites tags")
		}
		return realPair(t, source, startReal(t, ""), nil), content
	})
}

// htpasswd is the configuration of a login with a name and a password.
func htpasswd(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "htpasswd")
	must(t, os.WriteFile(file, []byte(user+":$2y$05$iTKqVNd7kMkBEDRO9mDNwuyS7tFJ.CRdvRz3DkfBF9jNgS8rQMDAq\n"), 0o600))
	return fmt.Sprintf("auth: {htpasswd: {realm: test, path: %q}}\n", file)
}

// tokenServer runs a token server and returns the configuration that sends clients to it.
func tokenServer(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	bundle := filepath.Join(t.TempDir(), "bundle.pem")
	must(t, os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o600))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, password, _ := r.BasicAuth(); name != user || password != secret {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		access := []map[string]any{}
		for _, scope := range r.URL.Query()["scope"] {
			kind, rest, _ := strings.Cut(scope, ":")
			at := strings.LastIndex(rest, ":")
			access = append(access, map[string]any{"type": kind, "name": rest[:at], "actions": strings.Split(rest[at+1:], ",")})
		}
		now := time.Now()
		token := sign(t, key, certificate, map[string]any{
			"iss": "test", "aud": "test", "sub": user, "access": access, "jti": rand.Text(),
			"iat": now.Unix(), "nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(time.Hour).Unix(),
		})
		_ = json.NewEncoder(w).Encode(map[string]string{"token": token}) // to a client that waits
	}))
	t.Cleanup(server.Close)
	realm := strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "/token"
	return fmt.Sprintf("auth: {token: {realm: %q, service: test, issuer: test, rootcertbundle: %q}}\n", realm, bundle)
}

// sign makes a JSON Web Token.
func sign(t *testing.T, key *rsa.PrivateKey, certificate []byte, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		raw, err := json.Marshal(v)
		must(t, err)
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	signed := part(map[string]any{"typ": "JWT", "alg": "RS256", "x5c": []string{base64.StdEncoding.EncodeToString(certificate)}}) + "." + part(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key, 5, sum[:]) // 5: crypto.SHA256
	must(t, err)
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}
