package registry

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

const goodToken = "a-good-token"

// echoServer is a token server that gives the answers that a test decides, and keeps what it was sent.
type echoServer struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string // method, Authorization, query and form of each request
}

func startEchoServer(t *testing.T, answer http.HandlerFunc) *echoServer {
	t.Helper()
	s := &echoServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // what is malformed is missing in it
		s.mu.Lock()
		s.seen = append(s.seen, r.Method+" "+r.Header.Get("Authorization")+" "+r.Form.Encode()+" "+r.Referer())
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *echoServer) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

// startWanting returns the host of a registry with one image, which wants a good token from the realm.
func startWanting(t *testing.T, realm string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+goodToken {
			w.Header().Set("WWW-Authenticate", `Basic realm="also", Bearer realm="`+realm+`",service="the registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Docker-Content-Digest", fakeregistry.Digest(nil))
		w.Header().Set("Content-Type", fakeregistry.IndexType)
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func answering(format string, values ...any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintf(w, format, values...) } // to a client that waits
}

// The token server is on another port of a private address, as registries behind a firewall have it.
func TestATokenIsGotFromTheServerThatTheRegistryNames(t *testing.T) {
	const form = "client_id=terraform-provider-harnessci&grant_type=refresh_token&refresh_token=an-identity-token&" +
		"scope=repository%3Aa%2Fb%3Apull&service=the+registry"
	basic := "GET Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+secret)) + " a=b&scope=repository%3Aa%2Fb%3Apull&service=the+registry "
	for name, test := range map[string]struct {
		answer, auth, sent string
		exchanges          int // for two calls
	}{
		"token":               {`{"token":"` + goodToken + `"}`, `"auth":"` + encoded() + `"`, basic, 1},
		"access_token":        {`{"access_token":"` + goodToken + `","expires_in":300}`, `"auth":"` + encoded() + `"`, basic, 1},
		"a life in words":     {`{"token":"` + goodToken + `","expires_in":"300"}`, `"auth":"` + encoded() + `"`, basic, 1},
		"a short life":        {`{"token":"` + goodToken + `","expires_in":0.0001}`, `"auth":"` + encoded() + `"`, basic, 2},
		"identity token":      {`{"access_token":"` + goodToken + `","refresh_token":"another-one"}`, `"identitytoken":"an-identity-token"`, "POST  a=b&" + form + " ", 1},
		"nobody":              {`{"token":"` + goodToken + `"}`, "", strings.Replace(basic, "Basic "+encoded(), "", 1), 1},
		"registry token":      {"", `"registrytoken":"` + goodToken + `"`, "", 0},
		"a token with a line": {`{"token":"a\r\nb"}`, "", "", -1},
		"none":                {`{"token":""}`, "", "", -1},
	} {
		t.Run(name, func(t *testing.T) {
			tokens := startEchoServer(t, answering("%s", test.answer))
			host := startWanting(t, tokens.URL+"/token?a=b")
			configure(t, "REGISTRY_AUTH_FILE", `{"auths":{"`+host+`":{`+test.auth+`}}}`)
			c := newClient(t, nil)
			_, err := c.Head(t.Context(), host+"/a/b:1")
			if test.exchanges < 0 {
				wantKind(t, err, Refused)
				return
			}
			must(t, err)
			_, err = c.Head(t.Context(), host+"/a/b:1")
			must(t, err)
			if seen := tokens.requests(); len(seen) != test.exchanges || len(seen) > 0 && seen[0] != test.sent {
				t.Errorf("%d exchanges: %q, want %q", len(seen), seen, test.sent)
			}
		})
	}
}

func TestNoCredentialFollowsATokenServersRedirect(t *testing.T) {
	other := startEchoServer(t, answering(`{"token":"%s"}`, goodToken))
	for _, auth := range []string{`"auth":"` + encoded() + `"`, `"identitytoken":"an-identity-token"`} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			tokens := startEchoServer(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", other.URL+"/token?"+r.Form.Encode()+"&login="+url.QueryEscape(r.Header.Get("Authorization")))
				w.WriteHeader(status)
			})
			host := startWanting(t, tokens.URL+"/token")
			configure(t, "REGISTRY_AUTH_FILE", `{"auths":{"`+host+`":{`+auth+`}}}`)
			var log recorder
			_, err := newClient(t, func(c *Config) { c.Log = log.log }).Head(t.Context(), host+"/a/b:1")
			shown := fmt.Sprintf("%v %+v", told(t, err, Refused), log.entries)
			for _, hidden := range []string{secret, encoded(), "an-identity-token", "grant_type", "scope="} {
				if strings.Contains(shown, hidden) {
					t.Errorf("%d: %s", status, shown)
				}
			}
			if !strings.Contains(shown, "redirects to another place") {
				t.Error(shown)
			}
		}
	}
	if seen := other.requests(); len(seen) != 0 {
		t.Errorf("the other server got %q", seen)
	}
}

func TestATokenServersRedirectWithinItsOriginIsFollowed(t *testing.T) {
	tokens := startEchoServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			http.Redirect(w, r, "/token/?"+r.URL.RawQuery, http.StatusMovedPermanently) //nolint:gosec // within its origin, as tested
			return
		}
		answering(`{"token":"%s"}`, goodToken)(w, r)
	})
	host := startWanting(t, tokens.URL+"/token")
	configure(t, "REGISTRY_AUTH_FILE", `{"auths":{"`+host+`":{"auth":"`+encoded()+`"}}}`)
	_, err := newClient(t, nil).Head(t.Context(), host+"/a/b:1")
	must(t, err)
	if seen := tokens.requests(); len(seen) != 2 || seen[0] != seen[1] {
		t.Errorf("%q", seen)
	}
}

// A token server that echoes all that it gets, in every form.
func TestNoErrorShowsWhatATokenServerWasSent(t *testing.T) {
	const identity = `id/en+ti&ty "token"<`
	for _, auth := range []string{`"auth":"` + encoded() + `"`, `"identitytoken":` + fmt.Sprintf("%q", identity)} {
		for _, status := range []int{200, 400, 401, 403, 500} {
			tokens := startEchoServer(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(status)
				_, _ = fmt.Fprintf(w, `{"details":%q,"error":%q,"message":%q,"refresh_token":"%s"}`, r.Form.Encode(), r.Form.Get("refresh_token"), //nolint:gosec // read by a test
					r.Header.Get("Authorization")+" "+secret, strings.ReplaceAll(r.Form.Get("refresh_token"), `"`, `\u0022`))
			})
			host := startWanting(t, tokens.URL+"/token")
			configure(t, "REGISTRY_AUTH_FILE", `{"auths":{"`+host+`":{`+auth+`}}}`)
			var log recorder
			c := newClient(t, func(c *Config) { c.Log, c.MaxRetries = log.log, 0 })
			_, err := c.Head(t.Context(), host+"/a/b:1")
			if err == nil {
				t.Fatal("no error")
			}
			shown := fmt.Sprintf("%v %+v %+v", err, err, log.entries)
			for _, hidden := range []string{secret, encoded(), identity, "id/en", "id%2Fen", url.QueryEscape(identity)} {
				if strings.Contains(shown, hidden) {
					t.Errorf("%d: %s shows %q", status, shown, hidden)
				}
			}
		}
	}
}

func TestARegistryWithTLSNamesNoTokenServerInClear(t *testing.T) {
	t.Parallel()
	e := &endpoint{host: "registry.example", base: url.URL{Scheme: "https", Host: "registry.example"}}
	for _, realm := range []string{"http://auth.example/token?secret", "ftp://auth.example", "", "/token", "https://[::1"} {
		e.challenge = challenge{"bearer", map[string]string{"realm": realm}}
		_, err := newClient(t, nil).exchange(t.Context(), e, credential{}, nil)
		if err = failure(ref{}, err); !is(err, Refused) || strings.Contains(fmt.Sprint(err), "secret") {
			t.Errorf("%s: %v", realm, err)
		}
	}
}
