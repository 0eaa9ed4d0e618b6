package fakeregistry

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// tokens are those that the token server has issued.
type tokens struct {
	mu     sync.Mutex
	scopes map[string][]string // token -> what it allows, such as "repository:a/b:pull"
	next   int
}

// ExpireTokens invalidates every token issued so far.
func (s *Server) ExpireTokens() {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	s.tokens.scopes = nil
}

// authorize lets a request pass, or returns what to answer.
func (s *Server) authorize(r *http.Request, rt route) (answer, bool) {
	write := r.Method != http.MethodGet && r.Method != http.MethodHead
	if s.opts.Username == "" || s.opts.AnonymousPull && !write && !s.opts.Token {
		return answer{}, true
	}
	if !s.opts.Token {
		user, password, ok := r.BasicAuth()
		if ok && user == s.opts.Username && password == s.opts.Password {
			return answer{}, true
		}
		return s.challenge(`Basic realm="fake"`), false
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	needs := needed(r, rt, write)
	s.tokens.mu.Lock()
	has, ok := s.tokens.scopes[token]
	s.tokens.mu.Unlock()
	if ok && !slices.ContainsFunc(needs, func(need string) bool { return !allows(has, need) }) {
		return answer{}, true
	}
	host := s.Host()
	if s.opts.TokenElsewhere {
		host = s.elsewhere()
	}
	header := fmt.Sprintf(`Bearer realm="http://%s/token",service="fake"`, host)
	if needs != nil {
		header += fmt.Sprintf(`,scope="%s"`, strings.Join(needs, " "))
	}
	return s.challenge(header), false
}

func (s *Server) challenge(header string) answer {
	a := refuse(http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	a.header.Set("WWW-Authenticate", header)
	return a
}

// needed are the scopes of a request.
func needed(r *http.Request, rt route, write bool) []string {
	if rt.kind == "catalog" {
		return []string{"registry:catalog:*"}
	}
	if rt.repo == "" {
		return nil
	}
	needs := []string{"repository:" + rt.repo + ":pull"}
	if write {
		needs[0] = "repository:" + rt.repo + ":push"
	}
	if r.Method == http.MethodDelete && rt.kind == "manifests" {
		needs[0] = "repository:" + rt.repo + ":delete"
	}
	if from := r.URL.Query().Get("from"); from != "" {
		needs = append(needs, "repository:"+from+":pull")
	}
	return needs
}

// allows reports whether one of the scopes has the action of need.
func allows(scopes []string, need string) bool {
	name, action := cutLast(need)
	return slices.ContainsFunc(scopes, func(scope string) bool {
		n, actions := cutLast(scope)
		return n == name && slices.Contains(strings.Split(actions, ","), action)
	})
}

func cutLast(scope string) (before, after string) {
	at := strings.LastIndex(scope, ":")
	if at < 0 {
		return scope, ""
	}
	return scope[:at], scope[at+1:]
}

// giveToken is the token server.
func (s *Server) giveToken(r *http.Request) answer {
	user, password, ok := r.BasicAuth()
	if ok && (user != s.opts.Username || password != s.opts.Password) {
		return refuse(http.StatusUnauthorized, "UNAUTHORIZED", "incorrect username or password")
	}
	if !ok && !s.opts.AnonymousPull {
		return refuse(http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	}
	var scopes []string
	for _, scope := range r.URL.Query()["scope"] {
		for one := range strings.FieldsSeq(scope) {
			if name, actions := cutLast(one); !ok && actions != "pull" {
				one = name + ":pull"
			}
			scopes = append(scopes, one)
		}
	}
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	s.tokens.next++
	token := fmt.Sprintf("secret-token-%d", s.tokens.next)
	if s.tokens.scopes == nil {
		s.tokens.scopes = map[string][]string{}
	}
	s.tokens.scopes[token] = scopes
	return reply(http.StatusOK, mustJSON(map[string]any{"token": token, "expires_in": 300}), "Content-Type", "application/json")
}
