package registry

import (
	"cmp"
	"net"
	"net/netip"
	"strings"

	"github.com/distribution/reference"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

const (
	dockerHub    = imageref.DockerHub
	dockerHubAPI = "registry-1.docker.io" // where Docker itself asks
)

var (
	wholeTag  = text.Regexp(`^` + reference.TagRegexp.String() + `$`)
	wholeName = text.Regexp(`^` + reference.NameRegexp.String() + `$`)
)

// ref is a parsed reference.
type ref struct {
	host   string // canonical: docker.io for Docker Hub
	repo   string
	tag    string // "" if there is only a digest
	digest string
	side   string // of a copy: "source", "destination" or ""
}

// parse reads a reference by Docker's rules.
func parse(s string) (ref, error) {
	image, err := imageref.Parse(s)
	if err != nil {
		return ref{}, err
	}
	r := ref{host: canonicalHost(image.Registry), repo: image.Repository, tag: image.Tag, digest: image.Digest}
	if r.host == dockerHub && !strings.Contains(r.repo, "/") {
		r.repo = "library/" + r.repo // Docker adds it to docker.io alone
	}
	if r.tag == "" && r.digest == "" {
		r.tag = "latest"
	}
	return r, nil
}

// identifier is the tag or digest to request.
func (r ref) identifier() string {
	if r.digest != "" {
		return r.digest
	}
	return r.tag
}

// name is the repository with its host.
func (r ref) name() string { return r.host + "/" + r.repo }

func (r ref) String() string {
	s := r.name()
	if r.tag != "" {
		s += ":" + r.tag
	}
	if r.digest != "" {
		s += "@" + r.digest
	}
	return s
}

func (r ref) withDigest(digest string) ref {
	r.tag, r.digest = "", digest
	return r
}

func (r ref) withTag(tag string) ref {
	r.tag, r.digest = tag, ""
	return r
}

// canonicalHost gives a registry the one name that it has here.
func canonicalHost(host string) string {
	return cmp.Or(imageref.CanonicalHost(host), strings.ToLower(host))
}

// loginHost returns the registry that a login is for. Files of Docker's tools name it by its host or a URL,
// and Docker Hub by names, too, under which no image can be pulled.
func loginHost(key string) string {
	_, rest, found := strings.Cut(key, "://")
	if !found {
		rest = key
	}
	host, _, _ := strings.Cut(rest, "/")
	switch host = canonicalHost(host); host {
	case "hub.docker.com", "registry.docker.io":
		return dockerHub
	}
	return host
}

// apiHost is where the registry's API answers.
func apiHost(host string) string {
	if host == dockerHub {
		return dockerHubAPI
	}
	return host
}

// hostname removes the port and the brackets from a host.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return strings.Trim(host, "[]")
}

func isLoopback(host string) bool {
	h := hostname(host)
	if h == "localhost" || strings.HasSuffix(h, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(h)
	return err == nil && ip.Unmap().IsLoopback()
}
