terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

# The account and its credential come from HARNESS_ACCOUNT_ID and HARNESS_PLATFORM_API_KEY.
provider "harnessci" {}

# What Harness runs on Kubernetes where nothing is overridden.
data "harnessci_default_images" "k8" {}

# The image that clones repositories stays as it was reviewed until this line changes.
resource "harnessci_image_override" "git_clone" {
  field = "gitCloneTag"
  value = "harness/drone-git:1.6.8-rootless"
}

output "default_git_clone" {
  value = data.harnessci_default_images.k8.images["gitCloneTag"]
}
