package fakeregistry

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeserver"
)

// tokens are those that the token server has issued.
type tokens struct {
	mu     sync.Mutex
	scopes map[string][]string // token -> what it allows, such as "repository:a/b:pull"
	next   int
	robots []robot
}

// ExpireTokens invalidates every token issued so far.
func (s *Server) ExpireTokens() {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	clear(s.tokens.scopes)
}

// authorize returns what to answer to a request that may not pass; nil if it may.
func (s *Server) authorize(r *http.Request, rt route) *answer {
	write := r.Method != http.MethodGet && r.Method != http.MethodHead
	if s.opts.Username == "" || s.opts.AnonymousPull && !write && !s.opts.Token {
		return nil
	}
	if !s.opts.Token {
		user, password, _ := r.BasicAuth()
		switch path, ok := s.login(user, password); {
		case ok && below(path, rt.repo):
			return nil
		case ok:
			return refuse(http.StatusForbidden, "DENIED", "requested access to the resource is denied")
		}
		return s.challenge(`Basic realm="fake"`)
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	needs := needed(r, rt, write)
	s.tokens.mu.Lock()
	has, ok := s.tokens.scopes[token]
	s.tokens.mu.Unlock()
	if ok && !slices.ContainsFunc(needs, func(need string) bool { return !allows(has, need) }) {
		return nil
	}
	host := r.Host
	if s.opts.TokenElsewhere {
		host = s.elsewhere()
	}
	header := fmt.Sprintf(`Bearer realm="http://%s/token",service="fake"`, host)
	if needs != nil {
		header += fmt.Sprintf(`,scope="%s"`, strings.Join(needs, " "))
	}
	return s.challenge(header)
}

// robot is a login for the repositories below a path.
type robot struct{ path, username, password string }

// AddRobot adds a login for the repositories below a path, beside that of Options.
func (s *Server) AddRobot(path, username, password string) {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	s.tokens.robots = append(s.tokens.robots, robot{path, username, password})
}

// login returns the path below which a login is good, "" for everywhere.
func (s *Server) login(username, password string) (path string, ok bool) {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	all := append([]robot{{"", s.opts.Username, s.opts.Password}}, s.tokens.robots...)
	at := slices.IndexFunc(all, func(r robot) bool { return r.username == username && r.password == password })
	if at < 0 {
		return "", false
	}
	return all[at].path, true
}

func below(path, repo string) bool {
	return path == "" || repo == "" || strings.HasPrefix(repo+"/", path+"/")
}

func (s *Server) challenge(header string) *answer {
	a := refuse(http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	a.Header.Set("WWW-Authenticate", header)
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

// giveToken is the token server. It takes a login, or by POST the password as a refresh token.
func (s *Server) giveToken(r *http.Request, body []byte) *answer {
	wanted := r.URL.Query()
	user, password, ok := r.BasicAuth()
	if r.Method == http.MethodPost {
		wanted, _ = url.ParseQuery(string(body)) // half of it lacks what is asked for
		user, password, ok = s.opts.Username, wanted.Get("refresh_token"), true
	}
	path, good := s.login(user, password)
	if ok && !good {
		return refuse(http.StatusUnauthorized, "UNAUTHORIZED", "incorrect username or password")
	}
	if !ok && !s.opts.AnonymousPull {
		return refuse(http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	}
	var scopes []string
	for _, scope := range wanted["scope"] {
		for one := range strings.FieldsSeq(scope) {
			name, actions := cutLast(one)
			if !ok && actions != "pull" {
				one = name + ":pull"
			}
			if repo, isRepo := strings.CutPrefix(name, "repository:"); !isRepo || below(path, repo) {
				scopes = append(scopes, one)
			}
		}
	}
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	s.tokens.next++
	token := fmt.Sprintf("secret-token-%d", s.tokens.next)
	s.tokens.scopes[token] = scopes
	name := "token"
	if s.opts.AccessToken {
		name = "access_token"
	}
	return fakeserver.JSON(http.StatusOK, map[string]any{name: token, "expires_in": 300})
}
