package pulls

import (
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// Dead is why an override has no effect, or only a part of the one it seems to have.
type Dead struct {
	// Module is the one that the field belongs to, if that is another.
	Module harness.Module
	// Instead is the field that some builds run instead.
	Instead string
	// Container: the field's step runs without a container on Harness Cloud.
	Container bool
	Source    Source
}

// Reason says in a few words what becomes of the override.
func (d Dead) Reason() string {
	switch {
	case d.Module != "":
		return "belongs to the module " + string(d.Module)
	case d.Instead != "":
		return "builds with buildx run " + d.Instead
	}
	return "not on Harness Cloud, whose steps run without a container"
}

// Where the rules come from.
var (
	foreignSource = Source{"Harness's pages on the images of IaCM and IDP: an override of one module's API does not apply to another", "2026-11"}
	buildxSource  = Source{"Harness's page on Build and Push: Docker layer caching or the flag CI_USE_BUILDX_ON_K8 means buildx", "2026-11"}
	vmSource      = Source{"the published source of Harness's CI manager (VmContainerlessStepConfig)", "2023-12"}
)

// idpFields are the fields of IDP that the defaults of ci list as well.
var idpFields = map[string]bool{
	"cookieCutter": true, "createRepo": true, "directPush": true, "registerCatalog": true, "createCatalog": true,
	"slackNotify": true, "createOrganisation": true, "createProject": true, "createResource": true,
	"updateCatalogProperty": true,
}

// buildxTwins are the fields of kaniko's images on Kubernetes, with those that run instead where a step builds
// with buildx.
var buildxTwins = map[string]string{
	"buildAndPushDockerRegistryTag": "buildAndPushBuildxDockerRegistryTag",
	"buildAndPushECRTag":            "buildAndPushBuildxECRTag",
	"buildAndPushACRTag":            "buildAndPushBuildxACRTag",
	"buildAndPushGARTag":            "buildAndPushBuildxGARTag",
}

// containerless are the VM fields whose steps run without a container on Harness Cloud. VMs of a company's own
// run them in containers.
var containerless = map[string]bool{
	"gitCloneTag": true, "gcsUploadTag": true, "s3UploadTag": true, "artifactoryUploadTag": true,
	"cacheGCSTag": true, "cacheS3Tag": true, "cacheAzureTag": true, "buildAndPushDockerRegistryTag": true,
	"buildAndPushECRTag": true, "buildAndPushGCRTag": true, "buildAndPushACRTag": true,
}

// OwnerOf returns the module that a field which the defaults of a module list belongs to.
func OwnerOf(module harness.Module, field string) harness.Module {
	switch {
	case module == harness.CI && strings.HasPrefix(strings.ToLower(field), "iacm"):
		return harness.IaCM
	case module == harness.CI && idpFields[field]:
		return harness.IDP
	}
	return module
}

// refused are fields that the defaults list and no write may set, by infra.
// Source: the published source of Harness's CI manager (2023-12), where setting it fails.
var refused = map[harness.Scope]string{{Module: harness.CI, Infra: harness.VM}: "slsaVerificationTag"}

// Own returns the images of a scope's defaults whose override has an effect there.
func Own(scope harness.Scope, images map[string]string) map[string]string {
	own := map[string]string{}
	for field, image := range images {
		if OwnerOf(scope.Module, field) == scope.Module && refused[scope] != field {
			own[field] = image
		}
	}
	return own
}

// DeadOverride returns why an override has no effect; false if no rule says so. pinned reports whether another
// field of the scope is overridden too.
func DeadOverride(scope harness.Scope, field string, pinned func(field string) bool) (Dead, bool) {
	if scope.Module != harness.CI {
		return Dead{}, false
	}
	if owner := OwnerOf(scope.Module, field); owner != scope.Module {
		return Dead{Module: owner, Source: foreignSource}, true
	}
	switch twin := buildxTwins[field]; {
	case scope.Infra == harness.K8 && twin != "" && !pinned(twin):
		return Dead{Instead: twin, Source: buildxSource}, true
	case scope.Infra == harness.VM && containerless[field]:
		return Dead{Container: true, Source: vmSource}, true
	}
	return Dead{}, false
}
