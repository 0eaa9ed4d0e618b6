terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

provider "harnessci" {}

resource "harnessci_image_override" "pinned" {
  for_each = {
    addonTag      = "harness/ci-addon:1.16.90"
    liteEngineTag = "harness/ci-lite-engine:1.16.90"
    gitCloneTag   = "harness/drone-git:1.6.8-rootless"
  }
  field = each.key
  value = each.value
}
