package imageref

import "strings"

// CanonicalHost returns a registry's host[:port] in the form that Parse gives: lower case, and
// docker.io for every name of Docker Hub. It is empty where host is none.
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
