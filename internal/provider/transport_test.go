package provider_test

import (
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// startTLS serves a fake over TLS with a certificate of a private CA, also valid for example.com.
func startTLS(t *testing.T) (fake *fakeharness.Server, server *httptest.Server, authority string) {
	t.Helper()
	fake = fakeharness.New(fakeharness.Options{})
	server = httptest.NewUnstartedServer(fake)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return fake, server, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

func TestAccAPrivateAuthority(t *testing.T) {
	t.Parallel()
	fake, server, authority := startTLS(t)
	env := fake.Env()
	env["HARNESS_ENDPOINT"] = server.URL + "/gateway"
	dir := clitest.New(t, overrides(fake, map[string]int{"ci/K8": 1}), env)
	result := dir.Run("apply", "-auto-approve")
	requireError(t, result.Output, "Could not check the planned images of ci/K8", "certificate signed by unknown authority", "ca_certificate_file")
	if n := fake.Count(""); n != 0 {
		t.Errorf("%d requests went to a server that is not trusted", n)
	}

	dir.Write("ca.pem", authority)
	dir.Write("provider.tf", "provider \"harnessci\" {\n  ca_certificate_file = \"${path.root}/ca.pem\"\n}\n")
	dir.Must("apply", "-auto-approve")
	if len(fake.Overrides("ci/K8")) != 1 {
		t.Error("nothing is stored")
	}

	// The certificate is for 127.0.0.1, not for another name of this machine.
	fake.ResetLog()
	dir.Setenv("HARNESS_ENDPOINT", strings.Replace(env["HARNESS_ENDPOINT"], "127.0.0.1", "localhost", 1))
	result = dir.Run("plan")
	requireError(t, result.Output, "Could not read the image override ci/K8/addonTag", "localhost", "not trusted here")
	if n := fake.Count(""); n != 0 {
		t.Errorf("%d requests went to a server that is not trusted", n)
	}

	dir.Write("ca.pem", "no certificate")
	result = dir.Run("plan")
	requireError(t, result.Output, "Invalid provider configuration: ca_certificate_file", "contains no PEM certificate")
}

// tunnel is a proxy that takes every CONNECT to one address.
type tunnel struct {
	address string

	mu       sync.Mutex
	requests []*http.Request
}

func (p *tunnel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.requests = append(p.requests, r)
	p.mu.Unlock()
	if r.Method != http.MethodConnect {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	target, err := new(net.Dialer).DialContext(r.Context(), "tcp", p.address)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = target.Close()
		return
	}
	_, _ = io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
	go pipe(target, client)
	pipe(client, target)
}

// pipe copies until either side ends, and ends the other.
func pipe(to io.WriteCloser, from io.Reader) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
}

// The proxy of the environment carries all requests, and sees nothing of what is in them.
func TestAccAProxyOfTheEnvironment(t *testing.T) {
	t.Parallel()
	fake, server, authority := startTLS(t)
	proxy := &tunnel{address: server.Listener.Addr().String()}
	proxyServer := httptest.NewServer(proxy)
	t.Cleanup(proxyServer.Close)
	env := fake.Env()
	env["HARNESS_ENDPOINT"] = "https://example.com/gateway" // which no test reaches without the proxy
	env["HTTPS_PROXY"], env["https_proxy"] = proxyServer.URL, proxyServer.URL
	env["NO_PROXY"], env["no_proxy"] = "", ""
	config := "provider \"harnessci\" {\n  ca_certificate_file = \"${path.root}/ca.pem\"\n}\n" + overrides(fake, map[string]int{"ci/K8": 1})
	dir := clitest.New(t, config, env)
	dir.Write("ca.pem", authority)
	dir.Must("apply", "-auto-approve")
	if len(fake.Overrides("ci/K8")) != 1 {
		t.Error("nothing is stored")
	}

	proxy.mu.Lock()
	defer proxy.mu.Unlock()
	if len(proxy.requests) == 0 {
		t.Error("the proxy was not used")
	}
	for _, r := range proxy.requests {
		if r.Method != http.MethodConnect || r.Host != "example.com:443" || r.Header.Get("X-Api-Key") != "" {
			t.Errorf("the proxy saw %s %s with %v", r.Method, r.Host, r.Header)
		}
	}
}
