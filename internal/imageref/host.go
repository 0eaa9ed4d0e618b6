package imageref

import "strings"

// CanonicalHost returns a registry's host[:port] in the form that Parse gives: lower case, and docker.io
// for every name of Docker Hub. It is empty if host is not a host.
func CanonicalHost(host string) string {
	host = strings.ToLower(host)
	switch host {
	case DockerHub, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com":
		return DockerHub
	}
	if !isHost(host) || hostProblem(host) != "" {
		return ""
	}
	return host
}

// String returns the image in full, with the canonical name of its registry, so that two spellings of one
// image are equal. The zero Image has no useful String.
func (i Image) String() string {
	registry := CanonicalHost(i.Registry)
	if registry == "" {
		registry = i.Registry
	}
	return registry + "/" + i.Repository + tagAndDigest(i)
}

// Pin returns ref, an image reference, with a digest after its tag, replacing any digest it has.
func Pin(ref, digest string) string {
	name, tag, _ := split(ref)
	return name + tag + "@" + digest
}
