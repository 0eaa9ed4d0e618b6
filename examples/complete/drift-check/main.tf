terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

provider "harnessci" {}

# An exclusive set owns every override of its module and infra, so an override of any other field is drift, too.
resource "harnessci_image_overrides" "pinned" {
  images = {
    addonTag      = "harness/ci-addon:1.16.90"
    liteEngineTag = "harness/ci-lite-engine:1.16.90"
    gitCloneTag   = "harness/drone-git:1.6.8-rootless"
  }
}
