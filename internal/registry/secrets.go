package registry

import (
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
)

// secrets are the credentials that were sent, so that none is shown if an answer echoes it.
type secrets struct {
	mu   sync.Mutex
	sent map[string]bool
}

// note remembers what a request carries: the header's value, and the password in it.
func (s *secrets) note(header http.Header) {
	scheme, value, ok := strings.Cut(header.Get("Authorization"), " ")
	if !ok || value == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sent == nil {
		s.sent = map[string]bool{}
	}
	s.sent[value] = true
	if login, err := base64.StdEncoding.DecodeString(value); err == nil && strings.EqualFold(scheme, "Basic") {
		if _, password, _ := strings.Cut(string(login), ":"); password != "" {
			s.sent[password] = true
		}
	}
}

// hide removes what was sent from a registry's words. A nil receiver knows no secrets.
func (s *secrets) hide(words string) string {
	if s == nil {
		return words
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for secret := range s.sent {
		words = strings.ReplaceAll(words, secret, "[redacted]")
	}
	return words
}
