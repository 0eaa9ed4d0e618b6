# Exactly these overrides of the module ci on Kubernetes, and no other.
resource "harnessci_image_overrides" "k8" {
  images = {
    addonTag      = "harness/ci-addon:1.16.90"
    liteEngineTag = "harness/ci-lite-engine:1.16.90"
    gitCloneTag   = "harness/drone-git:1.6.8-rootless"
  }
}

# No override at all: VM builds run the defaults.
resource "harnessci_image_overrides" "vm" {
  infra  = "VM"
  images = {}
}

# Exactly these of Database DevOps, which has no infra.
resource "harnessci_image_overrides" "dbops" {
  module = "dbops"
  images = {
    defaultTag = "plugins/drone-liquibase:1.17.0-4.33"
    mongoTag   = "plugins/drone-liquibase:1.17.0-4.33-mongo"
  }
}
