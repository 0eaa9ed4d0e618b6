//go:build unix

package copybench

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"time"
)

// Requests counts the requests to a registry.
type Requests struct {
	All          int `json:"all"`
	ManifestHead int `json:"manifest_head"`
	ManifestGet  int `json:"manifest_get"`
	ManifestPut  int `json:"manifest_put"`
}

// proxy is in front of a registry and counts.
type proxy struct {
	host   string
	server *http.Server
	done   chan struct{}

	mu    sync.Mutex
	count Requests
	sent  int64
}

func startProxy(ctx context.Context, to string) (*proxy, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{host: listener.Addr().String(), done: make(chan struct{})}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = "http", to // and the Host that was asked for, so that Locations lead here
	}}
	p.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.note(r)
		r.Body = &counted{r.Body, p}
		forward.ServeHTTP(w, r)
	})}
	go func() {
		defer close(p.done)
		_ = p.server.Serve(listener) // until stop
	}()
	return p, nil
}

func (p *proxy) stop() {
	_ = p.server.Close() // nothing is left to do about it
	<-p.done
}

func (p *proxy) note(r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count.All++
	if !strings.Contains(r.URL.Path, "/manifests/") {
		return
	}
	switch r.Method {
	case http.MethodHead:
		p.count.ManifestHead++
	case http.MethodGet:
		p.count.ManifestGet++
	case http.MethodPut:
		p.count.ManifestPut++
	}
}

// take returns the counts so far and resets them.
func (p *proxy) take() (Requests, int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	count, sent := p.count, p.sent
	p.count, p.sent = Requests{}, 0
	return count, sent
}

// counted is a request's body whose bytes are counted.
type counted struct {
	io.ReadCloser
	p *proxy
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	c.p.sent += int64(n)
	return n, err
}
