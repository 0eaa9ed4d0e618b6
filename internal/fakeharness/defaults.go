package fakeharness

// builtinDefaults returns the default images of every scope, as served in 2026.
func builtinDefaults() map[string]images {
	k8 := images{
		"addonTag":                            "harness/ci-addon:1.16.92",
		"addonTagRootless":                    "harness/ci-addon:rootless-1.16.92",
		"artifactoryUploadTag":                "plugins/artifactory:1.7.6",
		"buildAndPushACRTag":                  "plugins/kaniko-acr:1.11.2",
		"buildAndPushBuildxACRTag":            "plugins/buildx-acr:1.3.1",
		"buildAndPushBuildxDockerRegistryTag": "plugins/buildx:1.3.3",
		"buildAndPushBuildxECRTag":            "plugins/buildx-ecr:1.3.1",
		"buildAndPushBuildxGARTag":            "plugins/buildx-gar:1.3.1",
		"buildAndPushDockerRegistryTag":       "plugins/kaniko:1.10.6",
		"buildAndPushECRTag":                  "plugins/kaniko-ecr:1.11.0",
		"buildAndPushGARTag":                  "plugins/kaniko-gar:1.11.1",
		"buildAndPushGCRTag":                  "plugins/kaniko-gcr:1.10.1",
		"cacheGCSTag":                         "plugins/cache:1.9.8",
		"cacheProxyImage":                     "harness/harness-cache-server:1.7.4",
		"cacheS3Tag":                          "plugins/cache:1.9.8",
		"gcsUploadTag":                        "plugins/gcs:1.6.3",
		"gitCloneTag":                         "harness/drone-git:1.6.9-rootless",
		"liteEngineTag":                       "harness/ci-lite-engine:1.16.92",
		"liteEngineTagRootless":               "harness/ci-lite-engine:rootless-1.16.92",
		"provenanceTag":                       "harness/slsa-plugin:0.39.0",
		"s3UploadTag":                         "plugins/s3:1.5.3",
		"securityTag":                         "harness/sto-plugin:latest",
		"slsaVerificationTag":                 "harness/slsa-plugin:0.39.0",
		"sscaArtifactSigningTag":              "harness/ssca-artifact-signing-plugin:0.39.0",
		"sscaArtifactVerificationTag":         "harness/ssca-artifact-signing-plugin:0.39.0",
		"sscaCdxgenOrchestrationTag":          "harness/ssca-cdxgen-plugin:0.39.0",
		"sscaComplianceTag":                   "harness/ssca-compliance-plugin:0.39.0",
		"sscaEnforcementTag":                  "harness/ssca-plugin:0.39.0",
		"sscaOrchestrationTag":                "harness/ssca-plugin:0.39.0",
	}
	vm := images{ // no addon, no lite engine, and docker where K8 pushes with kaniko
		"artifactoryUploadTag":                "plugins/artifactory:1.7.6",
		"buildAndPushACRTag":                  "plugins/acr:20.18.7",
		"buildAndPushBuildxACRTag":            "plugins/buildx-acr:1.3.1",
		"buildAndPushBuildxDockerRegistryTag": "plugins/buildx:1.3.3",
		"buildAndPushBuildxECRTag":            "plugins/buildx-ecr:1.3.1",
		"buildAndPushBuildxGARTag":            "plugins/buildx-gar:1.3.1",
		"buildAndPushDockerRegistryTag":       "plugins/docker:20.18.6",
		"buildAndPushECRTag":                  "plugins/ecr:20.18.6",
		"buildAndPushGARTag":                  "plugins/gar:20.18.7",
		"buildAndPushGCRTag":                  "plugins/gcr:20.18.6",
		"cacheGCSTag":                         "plugins/cache:1.9.8",
		"cacheProxyImage":                     "harness/harness-cache-server:1.7.4",
		"cacheS3Tag":                          "plugins/cache:1.9.8",
		"gcsUploadTag":                        "plugins/gcs:1.6.3",
		"gitCloneTag":                         "harness/drone-git:1.6.9",
		"s3UploadTag":                         "plugins/s3:1.5.3",
		"securityTag":                         "harness/sto-plugin:latest",
		"slsaVerificationTag":                 "harness/slsa-plugin:0.39.0",
		"sscaArtifactSigningTag":              "harness/ssca-artifact-signing-plugin:0.39.0",
		"sscaArtifactVerificationTag":         "harness/ssca-artifact-signing-plugin:0.39.0",
		"sscaCdxgenOrchestrationTag":          "harness/ssca-cdxgen-plugin:0.39.0",
		"sscaComplianceTag":                   "harness/ssca-compliance-plugin:0.39.0",
		"sscaEnforcementTag":                  "harness/ssca-plugin:0.39.0",
		"sscaOrchestrationTag":                "harness/ssca-plugin:0.39.0",
	}
	return map[string]images{
		"ci/K8": k8,
		"ci/VM": vm,
		"iacm/K8": {
			"iacmAwsCdk":    "plugins/harness_aws_cdk:0.3.0",
			"iacmOpenTofu":  "plugins/harness_opentofu:0.158.0",
			"iacmTerraform": "plugins/harness_terraform:0.158.0",
		},
		"iacm/VM": {
			"iacmAwsCdk":    "plugins/harness_aws_cdk_vm:0.3.0",
			"iacmOpenTofu":  "plugins/harness_opentofu_vm:0.158.0",
			"iacmTerraform": "plugins/harness_terraform_vm:0.158.0",
		},
		"idp/K8": {
			"cookieCutter":    "harness/cookiecutter:1.11.0",
			"registerCatalog": "harness/registercatalog:1.11.0",
			"slackNotify":     "harness/slacknotify:1.11.0",
		},
		dbops: dbopsDefaults(),
		"idp/VM": {
			"registerCatalog": "harness/registercatalog:1.11.0",
			"slackNotify":     "harness/slacknotify:1.11.0",
		},
	}
}

// foreignFields are the fields that the defaults of ci also list since 2026: those of IaCM and IDP, and newer
// ones of CI.
func foreignFields() images {
	return images{
		"buildkit":              "harness/buildkit:0.25.0",
		"cacheAzureTag":         "plugins/cache:1.9.8",
		"harUploadTag":          "harness/har-plugin:1.1.0",
		"iacmAnsible":           "plugins/harness_ansible:0.16.0",
		"iacmBlastRadiusAgent":  "harness/iacm-blast-radius-agent:0.4.0",
		"iacmCheckov":           "plugins/harness_checkov:0.24.0",
		"iacmModuleTest":        "plugins/harness_terraform:0.158.0",
		"iacmOpenTofu":          "plugins/harness_opentofu:0.158.0",
		"iacmTFCompliance":      "plugins/harness_tfcompliance:0.19.0",
		"iacmTFLint":            "plugins/harness_tflint:0.20.0",
		"iacmTFSec":             "plugins/harness_tfsec:0.20.0",
		"iacmTerraform":         "plugins/harness_terraform:0.158.0",
		"iacmTerragrunt":        "plugins/harness_terragrunt:0.20.0",
		"cookieCutter":          "harness/cookiecutter:1.11.0",
		"createCatalog":         "harness/createcatalog:1.11.0",
		"createOrganisation":    "harness/createorganisation:1.11.0",
		"createProject":         "harness/createproject:1.11.0",
		"createRepo":            "harness/createrepo:1.11.0",
		"createResource":        "harness/createresource:1.11.0",
		"directPush":            "harness/directpush:1.11.0",
		"registerCatalog":       "harness/registercatalog:1.11.0",
		"slackNotify":           "harness/slacknotify:1.11.0",
		"updateCatalogProperty": "harness/updatecatalogproperty:1.11.0",
	}
}

// IaCMAliases are the names under which IaCM's page sets fields that answers list under others.
func IaCMAliases() map[string]string {
	return map[string]string{"IACMTerraformTag": "iacmTerraform", "IACMOpentofuTag": "iacmOpenTofu"}
}
