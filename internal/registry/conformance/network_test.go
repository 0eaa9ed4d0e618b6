package conformance

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// network lets registries have names, without a port, as people's have: it is the proxy that the client takes
// for everything but the loopback.
var network names

type names struct {
	server *httptest.Server
	hosts  sync.Map // name -> http.Handler
	next   atomic.Int64
}

func (n *names) start() {
	n.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, ok := n.hosts.Load(hostname(r.Host))
		if !ok { // and every HTTPS connection
			http.Error(w, "no such host", http.StatusBadGateway)
			return
		}
		r.URL.Scheme, r.URL.Host = "", ""
		handler.(http.Handler).ServeHTTP(w, r) //nolint:forcetypeassert // name stores nothing else
	}))
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		_ = os.Setenv(name, n.server.URL)
	}
}

// hostname is a host without its port, in lower case.
func hostname(host string) string {
	u, err := url.Parse("http://" + host)
	if err != nil {
		return host
	}
	return strings.ToLower(u.Hostname())
}

// name gives a handler a host name.
func (n *names) name(t *testing.T, name string, handler http.Handler) string {
	t.Helper()
	host := fmt.Sprintf("%s-%d.example", name, n.next.Add(1))
	n.hosts.Store(host, handler)
	t.Cleanup(func() { n.hosts.Delete(host) })
	return host
}

// forward is a handler that passes requests on to an address, under the name they came for.
func forward(address string) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: address})
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{DisableKeepAlives: true},
	}
}
