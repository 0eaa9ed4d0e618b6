package imageref

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

var (
	sha256Digest = "sha256:" + strings.Repeat("0123456789abcdef", 4)
	sha512Digest = "sha512:" + strings.Repeat("0123456789abcdef", 8)
)

func TestParseAppliesDockersDefaults(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string]Image{
		"ubuntu":                              {"docker.io", "library/ubuntu", "ubuntu", "", ""},
		"ubuntu:24.04":                        {"docker.io", "library/ubuntu", "ubuntu", "24.04", ""},
		"library/ubuntu":                      {"docker.io", "library/ubuntu", "ubuntu", "", ""},
		"docker.io/ubuntu":                    {"docker.io", "library/ubuntu", "ubuntu", "", ""},
		"index.docker.io/library/a:1":         {"docker.io", "library/a", "a", "1", ""},
		"harness/ci-addon:1.14.4":             {"docker.io", "harness/ci-addon", "ci-addon", "1.14.4", ""},
		"plugins/kaniko@" + sha256Digest:      {"docker.io", "plugins/kaniko", "kaniko", "", sha256Digest},
		"plugins/kaniko:1.0@" + sha512Digest:  {"docker.io", "plugins/kaniko", "kaniko", "1.0", sha512Digest},
		"registry.example.com:5000/a/b/c:dev": {"registry.example.com:5000", "a/b/c", "c", "dev", ""},
		"Registry.Example.com/app":            {"Registry.Example.com", "app", "app", "", ""},
		"localhost/app":                       {"localhost", "app", "app", "", ""},
		"localhost":                           {"docker.io", "library/localhost", "localhost", "", ""},
		"localhost:5000":                      {"docker.io", "library/localhost", "localhost", "5000", ""},
		"[::1]:5000/app:1":                    {"[::1]:5000", "app", "app", "1", ""},
		"quay.io/ubuntu":                      {"quay.io", "ubuntu", "ubuntu", "", ""},
		"docker.io/library/a/b":               {"docker.io", "library/a/b", "b", "", ""},
		// Without the registry these would name another one, or be an image ID.
		"docker.io/localhost/app":       {"docker.io", "localhost/app", "app", "", ""},
		"docker.io/a.b/app":             {"docker.io", "a.b/app", "app", "", ""},
		"docker.io/" + sha256Digest[7:]: {"docker.io", "library/" + sha256Digest[7:], sha256Digest[7:], "", ""},
	} {
		t.Run(ref, func(t *testing.T) {
			t.Parallel()
			got, err := Parse(ref)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Parse (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ ref, want string }{
		{"", "it is empty"},
		{" \t", "it is blank"},
		{" ubuntu", "begins or ends with white space"},
		{"ubuntu\n", "begins or ends with white space"},
		{"harness/ci addon:1", "contains white space"},
		{`"harness/ci-addon:1"`, "contains a quotation mark"},
		{"harness/ci-addon:1'", "contains a quotation mark"},
		{"“ubuntu”", "contains a quotation mark"},
		{"https://registry.example.com/app:1", `has the scheme "https://"; leave it out`},
		{"docker://ubuntu", `has the scheme "docker://"`},
		{"harness/ci-addon:${tag}", "contains the character '$'"},
		{"ubüntu", "contains the character 'ü'"},
		{"ubuntu\x00", `contains the character '\x00'`},
		{"Harness/ci-addon:1", `"Harness/ci-addon" has upper-case letters, which a repository cannot have; in lower case it is "harness/ci-addon"`},
		{"harness/CI-addon:1", `"harness/CI-addon" has upper-case letters`},
		{"registry.example.com/CI:1", `"CI" has upper-case letters`},
		{"localhost/CI", `"CI" has upper-case letters`},
		{"ubuntu:", "there is a colon but no tag after it"},
		{"ubuntu:.1", `the tag ".1" is not valid`},
		{"ubuntu:" + strings.Repeat("a", 129), "is not valid: a tag has up to 128"},
		{"a:b:c", "more than one colon"},
		{"a:b/c:d", `"a:b" is not a registry's host name`},
		{"a/b:c/d", "more than one colon, or a colon before a slash"},
		{":1.0", "the image's name is missing"},
		{"@" + sha256Digest, "the image's name is missing"},
		{"/ubuntu", "nothing before, between or after slashes"},
		{"ubuntu/", "nothing before, between or after slashes"},
		{"quay.io//ubuntu", "nothing before, between or after slashes"},
		{"-a.b/c", `"-a.b" is not a registry's host name`},
		{"my_host.example.com/app", `"my_host.example.com" is not a registry's host name`},
		{"a/-b", `"a/-b" is not a repository`},
		{"a..b/c", `"a..b" is not a registry's host name`},
		{"a/b..c", "is not a repository"},
		{"ubuntu@sha256:abc", `the digest "sha256:abc" is not sha256: with 64 lower-case`},
		{"ubuntu@", `the digest "" is not`},
		{"ubuntu@" + strings.ToUpper(sha256Digest), "is not sha256: with 64 lower-case"},
		{"ubuntu@md5:" + strings.Repeat("0", 32), "is not sha256: with 64 lower-case"},
		{sha256Digest, "it is only a digest"},
		{sha256Digest[7:], "it is an image ID"},
		{"quay.io/" + strings.Repeat("a", 256), "must not be more than 255 characters"},
		{strings.Repeat("a", 250), "must not be more than 255 characters"},
	} {
		t.Run(text.Quote(test.ref), func(t *testing.T) {
			t.Parallel()
			_, err := Parse(test.ref)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
			if !strings.HasPrefix(err.Error(), text.Quote(test.ref)+" is not an image reference") {
				t.Errorf("the error does not begin with the reference: %v", err)
			}
		})
	}
}

func TestErrorsShowInputShortened(t *testing.T) {
	t.Parallel()
	for _, ref := range []string{strings.Repeat("A", 100_000), strings.Repeat("\x1b[31mä ", 10_000), "a@" + strings.Repeat("b", 10_000)} {
		_, err := Parse(ref)
		checkErrorText(t, err)
		_, err = Mirror("ubuntu", ref)
		checkErrorText(t, err)
	}
}

// checkErrorText fails unless err fits a terminal: short, printable, one line.
func checkErrorText(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Error("no error")
		return
	}
	said := err.Error()
	if len(said) > 1500 || !utf8.ValidString(said) || strings.ContainsFunc(said, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		t.Errorf("%d bytes: %q", len(said), said)
	}
}

func TestPinned(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string]bool{
		"ubuntu": false, "localhost:5000/ubuntu": false, "": false, "Bad:1": false,
		"ubuntu:1": true, "ubuntu@" + sha256Digest: true,
	} {
		if got := Pinned(ref); got != want {
			t.Errorf("%s: got %v, want %v", ref, got, want)
		}
	}
}

func ExampleParse() {
	image, _ := Parse("ubuntu:24.04")
	fmt.Println(image.Registry, image.Repository, image.Name, image.Tag)
	_, err := Parse("https://ubuntu")
	fmt.Println(err)
	// Output:
	// docker.io library/ubuntu ubuntu 24.04
	// "https://ubuntu" is not an image reference such as harness/ci-addon:1.16.92: it has the scheme "https://"; leave it out
}
