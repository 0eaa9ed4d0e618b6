package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// A server that echoes what it got in every place that a person may see.
func TestCredentialAppearsNowhere(t *testing.T) {
	t.Parallel()
	const key, token, password = "pat.AbC123.very-secret", "eyJhbGciOi.very-secret-too", "hunter2" //nolint:gosec // made up
	echo := func(r *http.Request) string {
		return r.Header.Get("X-Api-Key") + strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	raw := func(format string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close() //nolint:errcheck // nothing to do about it
			fmt.Fprintf(conn, format, echo(r))
		}
	}
	envelope := func(r *http.Request, status string) string {
		return fmt.Sprintf(`{"status":%q,"data":{%q:7},"code":"C-%[2]s","message":"\u001b[31m%[3]s%[2]s","correlationId":%[2]q}`,
			status, echo(r), strings.Repeat("x", shownRunes-20))
	}
	answer := func(status int, body func(*http.Request) string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, body(r))
		}
	}
	header := func(status int, name, format string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(name, fmt.Sprintf(format, echo(r)))
			w.WriteHeader(status)
			io.WriteString(w, `{"repositories":[]}`)
		}
	}
	handlers := map[string]http.HandlerFunc{
		"error":         answer(403, func(r *http.Request) string { return envelope(r, "ERROR") }),
		"retried error": answer(503, func(r *http.Request) string { return envelope(r, "ERROR") }),
		"error in 200":  answer(200, func(r *http.Request) string { return envelope(r, "FAILURE") }),
		"odd status":    answer(200, func(r *http.Request) string { return envelope(r, echo(r)) }),
		"odd value":     answer(200, func(r *http.Request) string { return envelope(r, "SUCCESS") }),
		"not JSON":      answer(200, func(r *http.Request) string { return "{" + echo(r) }),
		"web page":      answer(502, func(r *http.Request) string { return "<html>" + echo(r) }),
		"registry error": answer(401, func(r *http.Request) string {
			return fmt.Sprintf(`{"errors":[{"code":%q,"message":%[1]q}]}`, echo(r))
		}),
		"redirect":     header(302, "Location", "https://%s.example/"),
		"bad redirect": header(302, "Location", "http://[%s"),
		"next page":    header(200, "Link", "<https://%s.example/>; rel=next"),
		"status line":  raw("HTTP/1.1 %s\r\n\r\n"),
		"protocol":     raw("%s\r\n\r\n"),
		"header":       raw("HTTP/1.1 200 OK\r\n%s\r\n\r\n"),
		"length":       raw("HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n"),
		"encoding":     raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n"),
		"cut":          raw("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n%s"),
		"hang": func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body) //nolint:errcheck // only then does the server notice that the client goes
			<-r.Context().Done()
		},
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
		// The beginning of a truncated secret also counts.
		if strings.Contains(text, secret) || len(secret) > 12 && strings.Contains(text, secret[:8]) {
			t.Errorf("%s: %q in %s", where, secret, text)
		}
	}
}

// The text of a url.Error contains the query.
func TestCauseHidesTheURL(t *testing.T) {
	t.Parallel()
	cfg := Config{Endpoint: parseURL(t, "http://127.0.0.1:1"), AccountID: "acct-7", APIKey: "pat.test"}
	_, err := New(cfg).DefaultImages(context.Background(), scope)
	if _, ok := errors.AsType[*url.Error](err); ok || strings.Contains(err.Error(), "acct-7") {
		t.Errorf("%#v", err)
	}
}
