package imageref

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// Problem is what is wrong with what a node pulls. The zero value means nothing is.
type Problem string

// What can be wrong with a Pull.
const (
	// BadURL: the connector's URL cannot be parsed, so every stage fails before it pulls.
	BadURL Problem = "bad URL"
	// Doubled: the value names another registry, and the connector's is put before it.
	Doubled Problem = "doubled registry"
	// NoCredentials: the image comes from a registry other than the connector's, without credentials.
	NoCredentials Problem = "no credentials"
	// PathNotAdded: the value names the connector's host without the path of the connector's URL. It is
	// pulled as it is, which may be intended.
	PathNotAdded Problem = "path not added"
)

// Pull is what a node pulls for a stored image.
type Pull struct {
	// Image is the reference that the node pulls; "" if the stage fails before that.
	Image string
	// Host is the registry of Image as Parse returns it; "" if Image is not a reference.
	Host string
	// ConnectorHost is the host, with its port, in the connector's URL; "" without a connector.
	ConnectorHost string
	Problem       Problem
}

// DockerHub is the registry of names without a host, as Parse spells it.
const DockerHub = "docker.io"

// With a URL of exactly one of these hosts, Harness leaves every name as it is.
var dockerHubURLs = map[string]bool{"index.docker.io": true, "registry.hub.docker.com": true}

// IsDockerHub reports whether a connector's host, as SplitConnectorURL returns it, leaves names as they
// are.
func IsDockerHub(host string) bool { return dockerHubURLs[host] }

// Where Harness publishes its images besides Docker Hub; they are public.
var openRegistries = []string{"public.ecr.aws/", "us-docker.pkg.dev/gar-prod-setup/harness-public/"}

// InOpenRegistry reports whether an image is in one of the public registries that Harness publishes to besides
// Docker Hub.
func InOpenRegistry(image string) bool {
	return slices.ContainsFunc(openRegistries, func(open string) bool { return strings.HasPrefix(image, open) })
}

// Resolve returns what a node pulls for a stored image through a connector of the type DockerRegistry with
// this URL. An empty URL means no connector, or one of another type: those change no name. It follows the
// published server source, which looks for the host as a plain substring.
func Resolve(connectorURL, image string) Pull {
	if connectorURL == "" {
		return elsewhere(Pull{Image: image, Host: hostOf(image)}, DockerHub)
	}
	host, prefix, err := SplitConnectorURL(connectorURL)
	if err != nil {
		return Pull{Problem: BadURL}
	}
	pull := Pull{Image: image, Host: hostOf(image), ConnectorHost: host}
	switch {
	case IsDockerHub(host):
		return elsewhere(pull, DockerHub)
	case strings.Contains(image, host):
		if pull.Host == host && !strings.HasPrefix(image, prefix+"/") {
			pull.Problem = PathNotAdded
			return pull
		}
		return elsewhere(pull, host)
	case namesHost(image):
		pull.Problem = Doubled
	}
	pull.Image = prefix + "/" + strings.TrimLeft(image, "/")
	pull.Host = hostOf(pull.Image)
	return pull
}

// elsewhere marks a pull that does not go to the registry that has credentials.
func elsewhere(pull Pull, registry string) Pull {
	if pull.Host == "" || pull.Host == registry {
		return pull
	}
	if InOpenRegistry(pull.Image) {
		return pull
	}
	pull.Problem = NoCredentials
	return pull
}

// SplitConnectorURL returns the host, with its port, in a connector's URL, and the prefix that the URL adds
// to names: the host and the path, without a trailing slash. It accepts what Harness accepts; the error
// never shows the URL, which may contain a password.
func SplitConnectorURL(connectorURL string) (host, prefix string, err error) {
	u, err := url.Parse(connectorURL)
	switch {
	case err != nil:
		return "", "", errors.New("it is not a URL")
	case !strings.EqualFold(u.Scheme, "https") && !strings.EqualFold(u.Scheme, "http"):
		return "", "", errors.New("it does not begin with https://")
	case u.Hostname() == "":
		return "", "", errors.New("it has no host")
	}
	host = u.Host
	return host, strings.TrimRight(host+u.Path, "/"), nil
}

// WithoutHost returns an image without its registry, to be stored with a connector that adds its own; the
// image itself if it names none.
func WithoutHost(image string) string {
	if !namesHost(image) {
		return image
	}
	_, rest, _ := strings.Cut(image, "/")
	return rest
}

// namesHost reports whether an image names a registry's host.
func namesHost(image string) bool {
	first, _, found := strings.Cut(image, "/")
	return found && isHost(first)
}

// hostOf returns the registry of an image; "" if it is not a reference.
func hostOf(image string) string {
	parsed, _ := Parse(image)
	return parsed.Registry
}
