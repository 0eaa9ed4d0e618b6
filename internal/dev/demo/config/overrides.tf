resource "harnessci_image_override" "k8" {
  for_each = {
    addonTag           = "harness/ci-addon:1.16.90"
    buildAndPushECRTag = "plugins/kaniko-ecr:1.10.9"
    cacheS3Tag         = "plugins/cache:1.9.7"
    gitCloneTag        = "harness/drone-git:1.6.8-rootless"
    liteEngineTag      = "harness/ci-lite-engine:1.16.90"
    s3UploadTag        = "plugins/s3:1.5.2"
  }

  field = each.key
  value = each.value
}

resource "harnessci_image_override" "vm" {
  for_each = {
    buildAndPushECRTag = "plugins/ecr:20.18.5"
    cacheS3Tag         = "plugins/cache:1.9.7"
    gitCloneTag        = "harness/drone-git:1.6.8"
    s3UploadTag        = "plugins/s3:1.5.2"
  }

  infra = "VM"
  field = each.key
  value = each.value
}

output "overrides" {
  value = {
    "ci/K8" = { for o in harnessci_image_override.k8 : o.field => o.value }
    "ci/VM" = { for o in harnessci_image_override.vm : o.field => o.value }
  }
}
