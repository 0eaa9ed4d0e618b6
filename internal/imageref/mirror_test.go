package imageref

import (
	"strings"
	"testing"
)

func TestMirrorReplacesTheRegistryOnly(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ ref, prefix, want string }{
		{"harness/ci-addon:1.14.4", "registry.example.com/mirror", "registry.example.com/mirror/harness/ci-addon:1.14.4"},
		{"harness/ci-addon:1.14.4", "registry.example.com/mirror/", "registry.example.com/mirror/harness/ci-addon:1.14.4"},
		{"docker.io/harness/ci-addon:1.14.4", "registry.example.com", "registry.example.com/harness/ci-addon:1.14.4"},
		{"quay.io/a/b", "localhost:5000", "localhost:5000/a/b"},
		{"localhost:5000/a:1", "localhost/x/y", "localhost/x/y/a:1"},
		{"plugins/s3:1@" + sha256Digest, "10.0.0.1:443/m", "10.0.0.1:443/m/plugins/s3:1@" + sha256Digest},
		{"plugins/s3@" + sha256Digest, "[::1]/m", "[::1]/m/plugins/s3@" + sha256Digest},
		{"plugins/s3", "docker.io/acme", "docker.io/acme/plugins/s3"},
		// As written: the copy of an official image, and its pull-through path.
		{"ubuntu", "registry.example.com/mirror", "registry.example.com/mirror/ubuntu"},
		{"docker.io/ubuntu:1", "registry.example.com/mirror", "registry.example.com/mirror/ubuntu:1"},
		{"library/ubuntu", "registry.example.com/mirror", "registry.example.com/mirror/library/ubuntu"},
		{"docker.io/library/ubuntu", "registry.example.com/mirror", "registry.example.com/mirror/library/ubuntu"},
		{"quay.io/library/ubuntu", "registry.example.com/mirror", "registry.example.com/mirror/library/ubuntu"},
	} {
		got, err := Mirror(test.ref, test.prefix)
		if err != nil || got != test.want {
			t.Errorf("%s under %s: got %q, %v; want %q", test.ref, test.prefix, got, err, test.want)
		}
		if again, err := Mirror(got, test.prefix); err != nil || again != got {
			t.Errorf("%s under %s twice: got %q, %v", test.ref, test.prefix, again, err)
		}
	}
}

func TestMirrorSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ ref, prefix, want string }{
		{"Ubuntu", "registry.example.com", `"Ubuntu" is not an image reference`},
		{"ubuntu", "", "it is empty"},
		{"ubuntu", "/", "it is empty"},
		{"ubuntu", "/mirror", "it begins with a slash"},
		{"ubuntu", "https://registry.example.com", `has the scheme "https://"`},
		{"ubuntu", "registry.example.com/my mirror", "contains white space"},
		{"ubuntu", "mirror", `"mirror" has neither a dot nor a port`},
		{"ubuntu", "acme/mirror", `"acme" has neither a dot nor a port`},
		{"ubuntu", "registry.example.com/mirror:1", "has a tag or digest"},
		{"ubuntu", "registry.example.com/mirror@" + sha256Digest, "has a tag or digest"},
		{"ubuntu", "registry.example.com/mirror@x", "has a tag or digest"},
		{"ubuntu", "registry.example.com:latest", "is not a registry's host name with an optional port"},
		{"ubuntu", "registry.example.com//mirror", "nothing before, between or after slashes"},
		{"ubuntu", "registry.example.com/mirror//", "nothing before, between or after slashes"},
		{"ubuntu", "registry.example.com/Mirror", `"Mirror" has upper-case letters`},
		{"ubuntu", "registry.example.com/-", `"-" is not a repository`},
		{"ubuntu", "registry.example.com/" + strings.Repeat("a", 250), "too long"},
		{"ubuntu", "registry.example.com/" + strings.Repeat("a", 256), "must not be more than 255"},
	} {
		got, err := Mirror(test.ref, test.prefix)
		if err == nil {
			t.Errorf("%s under %s: got %q", test.ref, test.prefix, got)
			continue
		}
		if !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s under %s: got %q, want %q", test.ref, test.prefix, err, test.want)
		}
		checkErrorText(t, err)
	}
}
