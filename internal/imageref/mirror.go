package imageref

import (
	"fmt"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// Mirror returns the name of the image ref under prefix, a registry with an optional path such as
// registry.example.com/mirror; a trailing slash is ignored.
//
// The registry of ref is replaced; path, tag and digest stay as written. So ubuntu becomes prefix/ubuntu,
// where a copy is usually pushed, and library/ubuntu becomes prefix/library/ubuntu, where pull-through
// caches expect it. What is under prefix already stays as it is. The error is that of Parse for a bad ref, else one about the prefix.
func Mirror(ref, prefix string) (string, error) {
	image, err := Parse(ref)
	if err != nil {
		return "", err
	}
	base := strings.TrimSuffix(prefix, "/")
	if problem := prefixProblem(base); problem != "" {
		return "", fmt.Errorf("%s is not a registry such as registry.example.com/mirror: %s", text.Quote(prefix), problem)
	}
	if strings.HasPrefix(ref, base+"/") {
		return ref, nil
	}
	repository := image.Repository
	if !strings.Contains(ref, officialImages) {
		repository = strings.TrimPrefix(repository, officialImages)
	}
	mirrored := base + "/" + repository + tagAndDigest(image)
	if _, err := Parse(mirrored); err != nil {
		return "", fmt.Errorf("%s with the mirror in front is too long: %w", text.Quote(ref), err)
	}
	return mirrored, nil
}

// prefixProblem says what is wrong with a prefix; "" if nothing is.
func prefixProblem(prefix string) string {
	if problem := textProblem(prefix); problem != "" {
		return problem
	}
	host, path, hasPath := strings.Cut(prefix, "/")
	switch {
	case strings.Contains(prefix, "@"), strings.Contains(path, ":"):
		return "it has a tag or digest, which the image provides"
	case host == "":
		return "it begins with a slash"
	case !isHost(host):
		return fmt.Sprintf("%s has neither a dot nor a port, so it does not count as a host; for Docker Hub, put "+
			"docker.io/ in front", text.Quote(host))
	}
	if problem := hostProblem(host); problem != "" || !hasPath {
		return problem
	}
	return repositoryProblem(path)
}
