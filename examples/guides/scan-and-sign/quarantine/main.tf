terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

provider "harnessci" {}

resource "harnessci_image_copy" "quarantine" {
  for_each    = toset(["harness/ci-addon:1.16.92", "harness/ci-lite-engine:1.16.92"])
  source      = each.value
  destination = "registry.example.com/quarantine/${each.value}"
}

output "to_scan" {
  value = [for copy in harnessci_image_copy.quarantine : copy.reference]
}
