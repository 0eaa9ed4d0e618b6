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

func TestImagesInFull(t *testing.T) {
	t.Parallel()
	const digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for ref, want := range map[string]string{
		"harness/ci-addon:1":                        "docker.io/harness/ci-addon:1",
		"index.docker.io/harness/ci-addon:1":        "docker.io/harness/ci-addon:1",
		"registry-1.docker.io/harness/ci-addon":     "docker.io/harness/ci-addon",
		"ubuntu:22.04":                              "docker.io/library/ubuntu:22.04",
		"registry.example.com:5000/x:1@" + digest:   "registry.example.com:5000/x:1@" + digest,
		"registry.example.com/harness/ci-addon:1.2": "registry.example.com/harness/ci-addon:1.2",
	} {
		image, err := Parse(ref)
		if err != nil || image.String() != want {
			t.Errorf("%s: %s, %v; want %s", ref, image, err, want)
		}
	}
}

func TestPin(t *testing.T) {
	t.Parallel()
	const digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for ref, want := range map[string]string{
		"harness/ci-addon:1":              "harness/ci-addon:1@" + digest,
		"harness/ci-addon":                "harness/ci-addon@" + digest,
		"r.example.com:5000/x":            "r.example.com:5000/x@" + digest,
		"r.example.com:5000/x:1@sha256:0": "r.example.com:5000/x:1@" + digest,
	} {
		if got := Pin(ref, digest); got != want {
			t.Errorf("%s: %s, want %s", ref, got, want)
		}
	}
}
