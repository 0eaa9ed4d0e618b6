package harness

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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

// raw serves each connection by hand and returns a client's settings for it.
func raw(t *testing.T, scheme string, serve func(net.Conn)) Config {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's own port
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			go serve(conn)
		}
	}()
	_, cfg := start(t)
	cfg.Endpoint = parseURL(t, scheme+"://"+listener.Addr().String()+"/gateway")
	return cfg
}

// refusedStreams speaks enough HTTP/2 to refuse every request.
func refusedStreams(conn net.Conn) {
	preface := make([]byte, len(http2Preface))
	if _, err := io.ReadFull(conn, preface); err != nil {
		return
	}
	_, _ = conn.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0}) // SETTINGS
	header := make([]byte, 9)
	for {
		if _, err := io.ReadFull(conn, header); err != nil {
			return
		}
		size := int64(header[0])<<16 | int64(header[1])<<8 | int64(header[2])
		if _, err := io.CopyN(io.Discard, conn, size); err != nil {
			return
		}
		if header[3] == 1 { // HEADERS: RST_STREAM with REFUSED_STREAM
			_, _ = conn.Write(append([]byte{0, 0, 4, 3, 0}, append(header[5:9:9], 0, 0, 0, 7)...))
		}
	}
}

const http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

func TestWhatWasNeverSentIsReportedAsSuch(t *testing.T) {
	t.Parallel()
	greeting := raw(t, "https", func(conn net.Conn) { io.WriteString(conn, "SSH-2.0-OpenSSH_9.6\r\n") })
	closing := raw(t, "https", func(conn net.Conn) { _ = conn.Close() })
	silent := raw(t, "https", func(net.Conn) {})
	silent.RequestTimeout = 30 * time.Millisecond
	_, old := serveTLS(t, func(s *httptest.Server) {
		s.TLS = &tls.Config{MaxVersion: tls.VersionTLS11} //nolint:gosec // what is to be refused
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
	})
	server, plain := start(t)
	plain.Endpoint = parseURL(t, strings.Replace(server.Endpoint(), "http://", "https://", 1))
	certificate, roots := selfSigned(t)
	refusing := raw(t, "https", func(conn net.Conn) {
		refusedStreams(tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}}))
	})
	refusing.RootCAs, refusing.RequestTimeout = roots, 200*time.Millisecond
	for name, cfg := range map[string]Config{
		"https to an http port": plain, "https to ssh": greeting, "closed in the handshake": closing,
		"no handshake": silent, "TLS too old": old, "refused streams": refusing,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg.MaxRetries = 1
			err := operations["update-config"](t.Context(), New(cfg))
			if e := failure(t, err); !IsNotSent(err) || MayStillAct(err) || e.Uncertain || e.Status != 0 {
				t.Errorf("%v: %#v", err, e)
			}
		})
	}
}

// selfSigned returns the certificate of Go's test servers, and the roots that trust it.
func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s.TLS.Certificates[0], roots
}

func TestNoAnswerOutlivesTheTimeout(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
	for name, answer := range map[string]string{
		"101":                 head,
		"101 and more":        head + "bytes",
		"early hints forever": "HTTP/1.1 103 Early Hints\r\n\r\n",
		"endless header":      "HTTP/1.1 200 OK\r\nX: ",
		"endless chunks":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n",
		"until it closes":     "HTTP/1.1 200 OK\r\n\r\n{",
	} {
		for _, call := range []string{"update-config", "get-customer-config"} {
			t.Run(name+" "+call, func(t *testing.T) {
				t.Parallel()
				cfg := raw(t, "http", func(conn net.Conn) {
					if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
						io.WriteString(conn, answer) // and stays open
					}
				})
				cfg.RequestTimeout, cfg.MaxRetries = 200*time.Millisecond, 4
				err := operations[call](t.Context(), New(cfg))
				e := failure(t, err)
				if strings.HasPrefix(name, "101") {
					if e.Status != 101 || !errors.Is(err, transport.ErrSwitched) || IsTimeout(err) || e.Attempts != 1 {
						t.Errorf("%v: %#v", err, e)
					}
				} else if !IsTimeout(err) {
					t.Error(err)
				}
			})
		}
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
