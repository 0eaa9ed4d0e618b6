package imageref

import (
	"errors"
	"net/url"
	"strings"
)

// Problem is what is wrong with what a node pulls. The zero value is nothing.
type Problem string

// What can be wrong with a Pull.
const (
	// BadURL: the connector's URL cannot be parsed, so that every stage fails before it pulls.
	BadURL Problem = "bad URL"
	// Doubled: the value names a registry of its own, and the connector's stands before it.
	Doubled Problem = "doubled registry"
	// NoCredentials: the value goes to another registry than the connector's, which gets no credentials.
	NoCredentials Problem = "no credentials"
	// PathNotAdded: the value names the connector's host without the path of the connector's URL.
	// It is pulled as it is, which may well be meant.
	PathNotAdded Problem = "path not added"
)

// Pull is what a node pulls for a stored image.
type Pull struct {
	// Image is the reference that the node asks for; "" where the stage fails before that.
	Image string
	// Host is the registry of Image as Parse knows it, "" where Image is no reference.
	Host string
	// ConnectorHost is the host, with its port, in the connector's URL; "" without connector.
	ConnectorHost string
	Problem       Problem
}

// DockerHub is the registry of names without host, as Parse spells it.
const DockerHub = "docker.io"

// Under the URL of one of these hosts, written just so, Harness leaves every name as it is.
var dockerHubURLs = map[string]bool{"index.docker.io": true, "registry.hub.docker.com": true}

// IsDockerHub reports that a connector's host, as SplitConnectorURL returns it, leaves names as they are.
func IsDockerHub(host string) bool { return dockerHubURLs[host] }

// Where Harness publishes its images beside Docker Hub; they are open to everyone.
var openRegistries = []string{"public.ecr.aws/", "us-docker.pkg.dev/gar-prod-setup/harness-public/"}

// Resolve returns what a node pulls for a stored image under a connector of the type DockerRegistry
// with the URL. An empty URL stands for no connector, and for one of another type: those change no
// name. It follows the published server source, whose test for the host is a plain substring.
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

// elsewhere marks a pull that does not go to the registry whose credentials there are.
func elsewhere(pull Pull, registry string) Pull {
	if pull.Host == "" || pull.Host == registry {
		return pull
	}
	for _, open := range openRegistries {
		if strings.HasPrefix(pull.Image, open) {
			return pull
		}
	}
	pull.Problem = NoCredentials
	return pull
}

// SplitConnectorURL returns the host, with its port, in a connector's URL, and what that URL puts
// before names: the host and the path, without a slash at the end. It reads what Harness reads;
// the error never shows the URL, which may hold a password.
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

// WithoutHost returns an image without its registry, as it is to be stored under a connector that
// puts its own before it; the image itself where it names none.
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

// hostOf returns the registry of an image, "" where it is no reference.
func hostOf(image string) string {
	parsed, _ := Parse(image)
	return parsed.Registry
}
