package imageref

import (
	"fmt"
	"strings"
	"testing"
)

func TestResolveFollowsTheServer(t *testing.T) {
	t.Parallel()
	const (
		hub   = "https://index.docker.io/v2/"
		mine  = "https://registry.example.com/harness"
		addon = "harness/ci-addon:1"
	)
	for _, test := range []struct {
		url, image, want string
		problem          Problem
	}{
		// Docker Hub's connector leaves every name as it is.
		{hub, addon, addon, ""},
		{"https://registry.hub.docker.com", addon, addon, ""},
		{hub, "docker.io/harness/ci-addon:1", "docker.io/harness/ci-addon:1", ""},
		{hub, "index.docker.io/harness/ci-addon:1", "index.docker.io/harness/ci-addon:1", ""},
		{hub, "other.example.com/harness/ci-addon:1", "other.example.com/harness/ci-addon:1", NoCredentials},
		{hub, "localhost:5000/ci-addon:1", "localhost:5000/ci-addon:1", NoCredentials},
		{hub, "public.ecr.aws/harness/harness/ci-addon:1", "public.ecr.aws/harness/harness/ci-addon:1", ""},
		{
			hub, "us-docker.pkg.dev/gar-prod-setup/harness-public/harness/ci-addon:1",
			"us-docker.pkg.dev/gar-prod-setup/harness-public/harness/ci-addon:1", "",
		},
		{hub, "us-docker.pkg.dev/acme/mirror/ci-addon:1", "us-docker.pkg.dev/acme/mirror/ci-addon:1", NoCredentials},
		// Only as written: with a port, or by another of its names, it is a host like any other.
		{"https://index.docker.io:443/v2/", addon, "index.docker.io:443/v2/harness/ci-addon:1", ""},
		{"https://docker.io", addon, "docker.io/harness/ci-addon:1", ""},
		// Any other host is put before names without a host, with its path.
		{mine, addon, "registry.example.com/harness/harness/ci-addon:1", ""},
		{mine + "/", addon, "registry.example.com/harness/harness/ci-addon:1", ""},
		{"http://registry.example.com", addon, "registry.example.com/harness/ci-addon:1", ""},
		{"https://registry.example.com/", "/" + addon, "registry.example.com/harness/ci-addon:1", ""},
		{"https://registry.example.com:5000/a/b", addon, "registry.example.com:5000/a/b/harness/ci-addon:1", ""},
		{"https://user:pass@registry.example.com/a?b=c#d", addon, "registry.example.com/a/harness/ci-addon:1", ""},
		{"https://us-docker.pkg.dev/gar-prod-setup/harness-public", addon, "us-docker.pkg.dev/gar-prod-setup/harness-public/harness/ci-addon:1", ""},
		{"https://public.ecr.aws/harness", addon, "public.ecr.aws/harness/harness/ci-addon:1", ""},
		{mine, "ubuntu", "registry.example.com/harness/ubuntu", ""},
		{mine, addon + "@" + sha256Digest, "registry.example.com/harness/" + addon + "@" + sha256Digest, ""},
		// A name that contains the host stays as it is; the path is not added.
		{mine, "registry.example.com/harness/ci-addon:1", "registry.example.com/harness/ci-addon:1", ""},
		{mine, "registry.example.com/harness/harness/ci-addon:1", "registry.example.com/harness/harness/ci-addon:1", ""},
		{mine, "registry.example.com/q/harness/ci-addon:1", "registry.example.com/q/harness/ci-addon:1", PathNotAdded},
		{mine, "registry.example.com/harness-2/ci-addon:1", "registry.example.com/harness-2/ci-addon:1", PathNotAdded},
		{"https://registry.example.com", "registry.example.com/q/ci-addon:1", "registry.example.com/q/ci-addon:1", ""},
		{"https://registry.example.com:5000", "registry.example.com:5000/q/ci-addon:1", "registry.example.com:5000/q/ci-addon:1", ""},
		// The host may be anywhere in the name.
		{"https://registry.corp", "my-registry.corp/x:1", "my-registry.corp/x:1", NoCredentials},
		{"https://registry.corp", "other.corp/registry.corp/x:1", "other.corp/registry.corp/x:1", NoCredentials},
		{"https://registry.corp", "harness/registry.corp:1", "harness/registry.corp:1", NoCredentials},
		// With its port: a name with only the host has another host.
		{
			"https://registry.example.com:5000", "registry.example.com/x:1",
			"registry.example.com:5000/registry.example.com/x:1", Doubled,
		},
		// Another host gets the connector's before it, and every build fails.
		{
			mine, "other.example.com/harness/ci-addon:1",
			"registry.example.com/harness/other.example.com/harness/ci-addon:1", Doubled,
		},
		{mine, "docker.io/harness/ci-addon:1", "registry.example.com/harness/docker.io/harness/ci-addon:1", Doubled},
		{mine, "localhost/ci-addon:1", "registry.example.com/harness/localhost/ci-addon:1", Doubled},
		// Without a connector, names are used as they are, and there is no login.
		{"", addon, addon, ""},
		{"", "other.example.com/harness/ci-addon:1", "other.example.com/harness/ci-addon:1", NoCredentials},
		{"", "public.ecr.aws/harness/harness/ci-addon:1", "public.ecr.aws/harness/harness/ci-addon:1", ""},
		// A URL that cannot be parsed fails the stage.
		{"registry.example.com", addon, "", BadURL},
		{"registry.example.com:5000/x", addon, "", BadURL},
		{"//registry.example.com", addon, "", BadURL},
		{"https://", addon, "", BadURL},
		{"https:///path", addon, "", BadURL},
		{"https://registry.example.com:port", addon, "", BadURL},
		{"ftp://registry.example.com", addon, "", BadURL},
		{" ", addon, "", BadURL},
	} {
		got := Resolve(test.url, test.image)
		if got.Image != test.want || got.Problem != test.problem {
			t.Errorf("%s under %q:\ngot  %s (%s)\nwant %s (%s)", test.image, test.url, got.Image, got.Problem, test.want, test.problem)
		}
	}
}

func TestResolveNamesBothHosts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ url, image, host, connectorHost string }{
		{"https://index.docker.io/v2/", "harness/x:1", "docker.io", "index.docker.io"},
		{"https://index.docker.io/v2/", "quay.io/x:1", "quay.io", "index.docker.io"},
		{"https://registry.example.com:5000/p", "harness/x:1", "registry.example.com:5000", "registry.example.com:5000"},
		{"https://registry.example.com", "Not An Image", "", "registry.example.com"},
		{"", "quay.io/x:1", "quay.io", ""},
		{"nonsense", "quay.io/x:1", "", ""},
	} {
		got := Resolve(test.url, test.image)
		if got.Host != test.host || got.ConnectorHost != test.connectorHost {
			t.Errorf("%s under %q: %+v", test.image, test.url, got)
		}
	}
}

func TestSplitConnectorURLNeverShowsTheURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"hunter2", "https://user:hunter2@", "https://user:hunter2@h:x", "https://h/%zz?hunter2", "ftp://u:hunter2@h", "https://hun ter2",
	} {
		_, _, err := SplitConnectorURL(url)
		if err == nil || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestWithoutHost(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		"harness/x:1":                      "harness/x:1",
		"x:1":                              "x:1",
		"registry.example.com/harness/x":   "harness/x",
		"localhost:5000/x@" + sha256Digest: "x@" + sha256Digest,
		"registry.example.com":             "registry.example.com",
	} {
		if got := WithoutHost(image); got != want {
			t.Errorf("%s: got %s, want %s", image, got, want)
		}
	}
}

func FuzzResolve(f *testing.F) {
	for _, seed := range [][2]string{
		{"https://index.docker.io/v2/", "harness/ci-addon:1"},
		{"https://registry.example.com:5000/harness/", "other.example.com/harness/ci-addon:1"},
		{"", "quay.io/x"},
		{"https://[::1]:5000/a", "[::1]:5000/a/x:1"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, connectorURL, image string) {
		pull := Resolve(connectorURL, image)
		if pull.Problem == BadURL {
			if pull != (Pull{Problem: BadURL}) {
				t.Errorf("a stage that fails pulls %+v", pull)
			}
			return
		}
		if !strings.HasSuffix(pull.Image, strings.TrimLeft(image, "/")) {
			t.Errorf("%q lost its name: %+v", image, pull)
		}
		if again := Resolve(connectorURL, pull.Image); again.Image != pull.Image {
			t.Errorf("what is pulled resolves to something else: %+v, then %+v", pull, again)
		}
		if pull.Problem == Doubled && (pull.Image == image || Resolve(connectorURL, WithoutHost(image)).Image == pull.Image) {
			t.Errorf("%q: doubled, and nothing else to write: %+v", image, pull)
		}
	})
}

func ExampleResolve() {
	const connector = "https://registry.example.com/harness"
	fmt.Println(Resolve(connector, "harness/ci-addon:1").Image)
	doubled := Resolve(connector, "other.example.com/harness/ci-addon:1")
	fmt.Println(doubled.Problem, doubled.Image)
	// Output:
	// registry.example.com/harness/harness/ci-addon:1
	// doubled registry registry.example.com/harness/other.example.com/harness/ci-addon:1
}
