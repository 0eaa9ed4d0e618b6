terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

provider "harnessci" {}

# These images run, and no other override exists: one that is added by hand is shown by the next
# plan, and reset by the next apply.
resource "harnessci_image_overrides" "k8" {
  images = {
    addonTag      = "harness/ci-addon:1.16.90"
    liteEngineTag = "harness/ci-lite-engine:1.16.90"
    gitCloneTag   = "harness/drone-git:1.6.8-rootless"
  }
}

# None at all: VM builds run the defaults.
resource "harnessci_image_overrides" "vm" {
  infra  = "VM"
  images = {}
}
