# One image, of the module ci on Kubernetes.
resource "harnessci_image_override" "git_clone" {
  field = "gitCloneTag"
  value = "harness/drone-git:1.6.8-rootless"
}

# The same field has an override of its own for builds on VMs.
resource "harnessci_image_override" "git_clone_vm" {
  infra = "VM"
  field = "gitCloneTag"
  value = "harness/drone-git:1.6.8"
}

# Many at once: they are written in few requests, and none is lost.
resource "harnessci_image_override" "upload" {
  for_each = {
    artifactoryUploadTag = "plugins/artifactory:1.7.5"
    gcsUploadTag         = "plugins/gcs:1.6.2"
    s3UploadTag          = "plugins/s3:1.5.2"
  }
  field = each.key
  value = each.value
}

# Another module.
resource "harnessci_image_override" "opentofu" {
  module = "iacm"
  field  = "iacmOpenTofu"
  value  = "plugins/harness_opentofu:0.157.0"
}

# Database DevOps, which has no infra.
resource "harnessci_image_override" "liquibase" {
  module = "dbops"
  field  = "defaultTag"
  value  = "plugins/drone-liquibase:1.17.0-4.33"
}
