package imageref

import "testing"

func TestCanonicalHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"docker.io":                 "docker.io",
		"index.docker.io":           "docker.io",
		"registry-1.docker.io":      "docker.io",
		"Registry.Hub.Docker.com":   "docker.io",
		"Registry.Example.com:5000": "registry.example.com:5000",
		"localhost":                 "localhost",
		"[::1]:5000":                "[::1]:5000",
		"harness":                   "",
		"":                          "",
		"a.b/c":                     "",
		"a.b:port":                  "",
		"a b.c":                     "",
	} {
		if got := CanonicalHost(host); got != want {
			t.Errorf("%q: %q, want %q", host, got, want)
		}
	}
}
