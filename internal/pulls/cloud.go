package pulls

import (
	"slices"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
)

// Source says where a rule about Harness comes from, and when it was read.
type Source struct{ Name, Date string }

// cloudRegistry is where the agent on a VM of Harness Cloud pulls cloudNames from; on machines at Amazon it is
// ECR public, and it falls back to Docker Hub.
const cloudRegistry = "us-docker.pkg.dev/gar-prod-setup/harness-public/"

// cloudNames are the images that the agent redirects.
var cloudNames = []string{
	"harness/drone-git", "harness/harness-cache-server", "harness/slsa-plugin", "harness/ssca-compliance-plugin",
	"harness/ssca-plugin", "harness/sto-plugin", "plugins/acr", "plugins/artifactory", "plugins/cache",
	"plugins/docker", "plugins/ecr", "plugins/gar", "plugins/gcr", "plugins/gcs", "plugins/s3",
}

// CloudSource is where the rules of OnHarnessCloud come from.
var CloudSource = Source{"github.com/harness/lite-engine, the agent on Harness Cloud's machines", "2026-11"}

// OnHarnessCloud returns what a VM of Harness Cloud pulls for a name that Harness sends it: the name itself,
// unless the pull is anonymous and the agent redirects the image. The agent cuts the name at colons and leaves
// alone what has more than two parts, so a digest ends the redirect.
func OnHarnessCloud(pulled string, anonymous bool) string {
	parts := strings.Split(pulled, ":")
	if !anonymous || len(parts) > 2 || !slices.Contains(cloudNames, parts[0]) {
		return pulled
	}
	return cloudRegistry + pulled
}

// LeavesHarnessCloud reports whether only its digest keeps an image from being redirected, so that it comes
// from Docker Hub, with the pull limits there.
func LeavesHarnessCloud(pulled string, anonymous bool) bool {
	name, _, pinned := strings.Cut(pulled, "@")
	return pinned && OnHarnessCloud(name, anonymous) != name
}

// harnessOwners are the owners of Harness's own images: on Docker Hub and, since version 0.41 of their chart (May
// 2026), in self-managed installations, where it owns the plugins as well.
var harnessOwners = []string{"harness", "harnesssecure"}

// OwnedByHarness reports whether an image, which may be a mirror's copy, is one of Harness's own.
func OwnedByHarness(image imageref.Image) bool {
	owner := strings.TrimSuffix(image.Repository, "/"+image.Name)
	return slices.Contains(harnessOwners, owner[strings.LastIndexByte(owner, '/')+1:])
}
