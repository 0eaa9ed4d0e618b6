package imageref

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

const quotationMarks = "\"'`‘’“”«»"

var (
	imageID   = text.Regexp(`^[a-f0-9]{64}$`)
	wholeTag  = text.Regexp(`^` + reference.TagRegexp.String() + `$`)
	wholeHost = text.Regexp(`^` + reference.DomainRegexp.String() + `$`)
)

// textProblem says what is wrong with the characters of a reference or a mirror prefix; "" if nothing is.
func textProblem(s string) string {
	switch {
	case s == "":
		return "it is empty"
	case strings.TrimSpace(s) == "":
		return "it is blank"
	case strings.TrimSpace(s) != s:
		return "it begins or ends with white space"
	case strings.ContainsFunc(s, unicode.IsSpace):
		return "it contains white space"
	case strings.ContainsAny(s, quotationMarks):
		return "it contains a quotation mark"
	}
	if scheme, _, found := strings.Cut(s, "://"); found {
		return fmt.Sprintf("it has the scheme %s; leave it out", text.Quote(scheme+"://"))
	}
	if at := strings.IndexFunc(s, foreign); at >= 0 {
		return fmt.Sprintf("it contains the character %q", []rune(s[at:])[0])
	}
	return ""
}

// foreign reports whether r occurs in no image reference.
func foreign(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("/:@._-+[]", r)
}

// refProblem finds the slips that deserve their own message.
func refProblem(ref string) string {
	if problem := textProblem(ref); problem != "" {
		return problem
	}
	if imageID().MatchString(ref) {
		return "it is an image ID; use the image's name, with a tag or digest"
	}
	if _, err := digest.Parse(ref); err == nil {
		return "it is only a digest; put the image's name and @ before it"
	}
	name, tag, checksum := split(ref)
	if problem := digestProblem(checksum); problem != "" {
		return problem
	}
	if problem := tagProblem(tag); problem != "" {
		return problem
	}
	return nameProblem(name)
}

// split cuts ref into the name with its registry, the tag with its colon, and
// the digest with its at sign.
func split(ref string) (name, tag, digest string) {
	name = ref
	if at := strings.IndexByte(name, '@'); at >= 0 {
		name, digest = name[:at], name[at:]
	}
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name, tag = name[:colon], name[colon:]
	}
	return name, tag, digest
}

func digestProblem(withSign string) string {
	if withSign == "" {
		return ""
	}
	if _, err := digest.Parse(withSign[1:]); err != nil {
		return fmt.Sprintf("the digest %s is not sha256: with 64 lower-case hexadecimal digits", text.Quote(withSign[1:]))
	}
	return ""
}

func tagProblem(withColon string) string {
	switch {
	case withColon == "":
		return ""
	case withColon == ":":
		return "there is a colon but no tag after it"
	case !wholeTag().MatchString(withColon[1:]):
		return fmt.Sprintf("the tag %s is not valid: a tag has up to 128 letters, digits, underscores, dots and dashes, and "+
			"starts with neither of the last two", text.Quote(withColon[1:]))
	}
	return ""
}

// nameProblem checks the part before tag and digest.
func nameProblem(name string) string {
	if name == "" {
		return "the image's name is missing"
	}
	host, repository, found := strings.Cut(name, "/")
	if !found || !isHost(host) {
		return repositoryProblem(name)
	}
	if problem := hostProblem(host); problem != "" {
		return problem
	}
	return repositoryProblem(repository)
}

// isHost reports whether a first element is a registry's host rather than part of the repository. For
// Docker, upper-case letters also mean a host.
func isHost(first string) bool {
	return first == "localhost" || strings.ContainsAny(first, ".:")
}

func hostProblem(host string) string {
	if wholeHost().MatchString(host) {
		return ""
	}
	return fmt.Sprintf("%s is not a registry's host name with an optional port number", text.Quote(host))
}

// repositoryProblem checks a repository, or the path in a mirror prefix.
func repositoryProblem(repository string) string {
	if slices.Contains(strings.Split(repository, "/"), "") {
		return "there is nothing before, between or after slashes"
	}
	if strings.Contains(repository, ":") {
		return "there is more than one colon, or a colon before a slash"
	}
	if lower := strings.ToLower(repository); lower != repository {
		return fmt.Sprintf("%s has upper-case letters, which a repository cannot have; in lower case it is %s",
			text.Quote(repository), text.Quote(lower))
	}
	if _, err := reference.WithName("localhost/" + repository); errors.Is(err, reference.ErrReferenceInvalidFormat) {
		return fmt.Sprintf("%s is not a repository: between slashes it has lower-case letters and digits, "+
			"and only between those a dot, an underscore or two, or dashes", text.Quote(repository))
	}
	return ""
}
