package registry

import (
	"net/http"
	"testing"
)

// roundTrip is a transport without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestACredentialGoesOnlyToItsRegistryAndTokenServer(t *testing.T) {
	t.Parallel()
	var got string
	g := &guard{
		host: "registry.example", plain: true, trusted: []string{"https://registry.example", "https://auth.example"},
		next: roundTrip(func(req *http.Request) (*http.Response, error) {
			got = req.Header.Get("Authorization")
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
		}),
	}
	for address, want := range map[string]bool{
		"https://registry.example/v2/":          true,
		"https://auth.example/token":            true,
		"http://registry.example/v2/":           false,
		"https://registry.example:8443/v2/":     false,
		"https://registry.example.evil.example": false,
		"https://storage.example/blob":          false,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		must(t, err)
		req.Header.Set("Authorization", "Basic secret")
		resp, err := g.RoundTrip(req)
		must(t, err)
		must(t, resp.Body.Close())
		if sent := got != ""; sent != want {
			t.Errorf("%s: sent is %v", address, sent)
		}
		if req.Header.Get("Authorization") == "" {
			t.Errorf("%s: the caller's request was changed", address)
		}
	}
}
