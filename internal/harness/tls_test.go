package harness

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// serveTLS starts a server that counts what it acknowledges, and returns a client's settings that
// trust its certificate.
func serveTLS(t *testing.T, setUp func(*httptest.Server)) (*atomic.Int32, Config) {
	t.Helper()
	served := new(atomic.Int32)
	server, cfg := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		served.Add(1)
		io.WriteString(w, acknowledged)
	}, setUp)
	cfg.RootCAs = x509.NewCertPool()
	cfg.RootCAs.AddCert(server.Certificate())
	return served, cfg
}

func TestPrivateCA(t *testing.T) {
	t.Parallel()
	served, cfg := serveTLS(t, (*httptest.Server).StartTLS)
	if err := operations["update-config"](t.Context(), New(cfg)); err != nil || served.Load() != 1 {
		t.Error(err)
	}
}

func TestUntrustedCertificate(t *testing.T) {
	t.Parallel()
	served, cfg := serveTLS(t, (*httptest.Server).StartTLS)
	system, another, host := cfg, cfg, cfg
	system.RootCAs = nil
	another.RootCAs = x509.NewCertPool()
	host.Endpoint = parseURL(t, strings.Replace(cfg.Endpoint.String(), "127.0.0.1", "localhost", 1))
	for name, cfg := range map[string]Config{"unknown CA": system, "another CA": another, "another host": host} {
		err := operations["update-config"](t.Context(), New(cfg))
		e := failure(t, err)
		if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok || e.Attempts != 1 || !IsNotSent(err) {
			t.Errorf("%s: %#v", name, e)
		}
	}
	if n := served.Load(); n != 0 {
		t.Errorf("%d requests were served", n)
	}
}

func TestOldTLS(t *testing.T) {
	t.Parallel()
	served, cfg := serveTLS(t, func(s *httptest.Server) {
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11} //nolint:gosec // an outdated server
		s.StartTLS()
	})
	err := operations["update-config"](t.Context(), New(cfg))
	if e := failure(t, err); e.Status != 0 || served.Load() != 0 {
		t.Errorf("%v after %d requests", e, served.Load())
	}
}

func TestHTTPBehindHTTPS(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	cfg.Endpoint = parseURL(t, strings.Replace(server.Endpoint(), "http://", "https://", 1))
	err := operations["update-config"](t.Context(), New(cfg))
	if e := failure(t, err); e.Attempts != 1 || !IsNotSent(err) || !errors.Is(err, http.ErrSchemeMismatch) {
		t.Errorf("%#v", e)
	}
}

func TestDeadConnectionShowsBeforeTheTimeout(t *testing.T) {
	t.Parallel()
	tr := transport.New(nil)
	if ping := tr.HTTP2; ping.SendPingTimeout <= 0 || ping.SendPingTimeout+ping.PingTimeout >= defaultRequestTimeout {
		t.Errorf("%+v", ping)
	}
}

func TestHTTP2(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	server, cfg := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("protocol %s", r.Proto)
		}
		if requests.Add(1) == 1 { // cut: reset in the middle of the body
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "{")
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, acknowledged)
	}, func(s *httptest.Server) {
		s.EnableHTTP2 = true
		s.StartTLS()
	})
	cfg.RootCAs = x509.NewCertPool()
	cfg.RootCAs.AddCert(server.Certificate())
	if err := operations["update-config"](t.Context(), New(cfg)); err != nil || requests.Load() != 2 {
		t.Errorf("%v after %d requests", err, requests.Load())
	}
}
