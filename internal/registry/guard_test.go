package registry

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// roundTrip is a transport without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestACredentialGoesOnlyToItsRegistry(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]struct {
		sent bool
		at   string // where the request goes
	}{
		"https://registry.example/v2/":              {true, "https://registry.example/v2/"},
		"https://registry.example:443/v2/?a=b":      {true, "https://registry.example/v2/?a=b"},
		"https://REGISTRY.Example./v2/":             {true, "https://registry.example/v2/"},
		"http://registry.example/v2/":               {true, "https://registry.example/v2/"},
		"http://registry.example:80/v2/":            {true, "https://registry.example/v2/"},
		"https://u:p@registry.example/v2/":          {true, "https://registry.example/v2/"},
		"https://registry.example:8443/v2/":         {false, "https://registry.example:8443/v2/"},
		"https://registry.example.evil.example/v2/": {false, "https://registry.example.evil.example/v2/"},
		"https://registry.example@evil.example/v2/": {false, "https://evil.example/v2/"},
		"https://storage.example/blob?signature=x":  {false, "https://storage.example/blob?signature=x"},
	} {
		var got *http.Request
		network := roundTrip(func(req *http.Request) (*http.Response, error) {
			got = req
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: http.Header{}, Request: req}, nil
		})
		e := &endpoint{host: "registry.example", base: url.URL{Scheme: "https", Host: "registry.example"}}
		by := &carrier{
			c: &Client{cfg: Config{RequestTimeout: time.Minute}}, e: e, origin: transport.Origin(&e.base), header: "Basic secret",
			own: network, foreign: network,
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		must(t, err)
		req.Header.Set("Authorization", "Bearer of somebody else")
		req.Header.Set("Referer", "https://registry.example/v2/?signature=y")
		resp, err := by.RoundTrip(req)
		must(t, err)
		must(t, resp.Body.Close())
		if sent := got.Header.Get("Authorization") == "Basic secret"; sent != want.sent || !sent && got.Header.Get("Authorization") != "" {
			t.Errorf("%s: %v", address, got.Header)
		}
		if got.URL.String() != want.at || got.Host != "" || got.Header.Get("Referer") != "" {
			t.Errorf("%s: %s, host %q, %v", address, got.URL, got.Host, got.Header)
		}
		if req.Header.Get("Referer") == "" {
			t.Errorf("%s: the caller's request was changed", address)
		}
	}
}
