package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// A server that echoes what it got in every place that can reach a person.
func TestCredentialAppearsNowhere(t *testing.T) {
	t.Parallel()
	const key, token, password = "pat.AbC123.very-secret", "eyJhbGciOi.very-secret-too", "hunter2"
	echo := func(r *http.Request) string { return r.Header.Get("X-Api-Key") + r.Header.Get("Authorization") }
	raw := func(w http.ResponseWriter, answer string) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			io.WriteString(conn, answer)
			conn.Close()
		}
	}
	envelope := func(r *http.Request, status string) string {
		out, _ := json.Marshal(map[string]any{
			"status": status, "data": map[string]any{echo(r): 7},
			"code": "C-" + echo(r), "message": "\x1b[31m" + strings.Repeat("x", shownRunes-20) + echo(r), "correlationId": echo(r),
		})
		return string(out)
	}
	handlers := map[string]http.HandlerFunc{
		"error": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(403)
			io.WriteString(w, envelope(r, "ERROR"))
		},
		"retried error": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(503)
			io.WriteString(w, envelope(r, "ERROR"))
		},
		"error in 200": func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, envelope(r, "FAILURE")) },
		"odd status":   func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, envelope(r, echo(r))) },
		"odd value":    func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, envelope(r, "SUCCESS")) },
		"not JSON":     func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{"+echo(r)) },
		"web page":     func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(502); io.WriteString(w, "<html>"+echo(r)) },
		"registry error": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(401)
			fmt.Fprintf(w, `{"errors":[{"code":%q,"message":%[1]q}]}`, echo(r))
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "https://"+url.PathEscape(echo(r))+".example/?"+r.URL.RawQuery)
			w.WriteHeader(302)
		},
		"bad redirect": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://["+echo(r))
			w.WriteHeader(302)
		},
		"other host": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "<https://"+r.Header.Get("X-Api-Key")+".example/>; rel=next")
			io.WriteString(w, `{"repositories":[]}`)
		},
		"status line": func(w http.ResponseWriter, r *http.Request) { raw(w, "HTTP/1.1 "+echo(r)+"\r\n\r\n") },
		"protocol":    func(w http.ResponseWriter, r *http.Request) { raw(w, echo(r)+"\r\n\r\n") },
		"header":      func(w http.ResponseWriter, r *http.Request) { raw(w, "HTTP/1.1 200 OK\r\n"+echo(r)+"\r\n\r\n") },
		"length": func(w http.ResponseWriter, r *http.Request) {
			raw(w, "HTTP/1.1 200 OK\r\nContent-Length: "+echo(r)+"\r\n\r\n")
		},
		"encoding": func(w http.ResponseWriter, r *http.Request) {
			raw(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: "+echo(r)+"\r\n\r\n")
		},
		"cut": func(w http.ResponseWriter, r *http.Request) {
			raw(w, "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"+echo(r))
		},
		"hang": func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); <-r.Context().Done() },
	}
	for name, handle := range handlers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, cfg := serve(t, handle, nil)
			cfg.RequestTimeout = time.Second
			if name == "hang" {
				cfg.RequestTimeout = 20 * time.Millisecond
			}
			cfg.Endpoint.User = url.UserPassword("user", password)
			for _, credential := range []string{key, token} {
				cfg.APIKey, cfg.BearerToken = key, ""
				if credential == token {
					cfg.APIKey, cfg.BearerToken = "", token
				}
				var logged logRecorder
				cfg.Log = logged.log
				c := New(cfg)
				failed := 0
				for call, operation := range operations {
					err := operation(t.Context(), c)
					if err == nil {
						continue
					}
					failed++
					e := failure(t, err)
					shown := fmt.Sprintf("%v|%+v|%q|%q|%q|%q|%q|%v", err, err, e.Message, e.Code, e.CorrelationID, e.Host, e.RedirectHost, e.Err)
					checkClean(t, name+" "+call, shown, key, token, password, "accountIdentifier")
					checkShown(t, err)
				}
				if failed == 0 {
					t.Error("no call failed")
				}
				if len(logged.all()) == 0 {
					t.Error("nothing was logged")
				}
				for _, entry := range logged.all() {
					checkClean(t, name+" log", fmt.Sprintf("%+v", entry), key, token, password, "accountIdentifier", "\x1b")
				}
			}
			server.Close()
		})
	}
}

func checkClean(t *testing.T, where, text string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		// The beginning of a secret that was cut short counts as well.
		if strings.Contains(text, secret) || len(secret) > 12 && strings.Contains(text, secret[:8]) {
			t.Errorf("%s: %q in %s", where, secret, text)
		}
	}
}

// No handler may serve as a way round the type: the text of a wrapped error is the safe one.
func TestCauseHidesTheURL(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	cfg := Config{Endpoint: parseURL(t, server.URL), AccountID: "acct-7", APIKey: "pat.test"}
	_, err := New(cfg).DefaultImages(context.Background(), scope)
	if _, ok := errors.AsType[*url.Error](err); ok || strings.Contains(err.Error(), "acct-7") {
		t.Errorf("%#v", err)
	}
}
