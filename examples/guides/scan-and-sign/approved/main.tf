terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

provider "harnessci" {
  signatures = {
    public_keys       = [file("cosign.pub")]
    require           = "attestation"
    attestation_types = ["https://cosign.sigstore.dev/attestation/vuln/v1"]
    max_age           = "24h"
    images            = ["registry.example.com/approved/*"]
  }
}

locals {
  images = {
    addonTag      = "harness/ci-addon:1.16.92"
    liteEngineTag = "harness/ci-lite-engine:1.16.92"
  }
}

data "harnessci_registry_image" "scanned" {
  for_each = local.images
  image    = "registry.example.com/quarantine/${each.value}"
}

resource "harnessci_image_copy" "approved" {
  for_each    = local.images
  source      = data.harnessci_registry_image.scanned[each.key].reference
  destination = "registry.example.com/approved/${each.value}"
  signatures  = true
}

resource "harnessci_image_override" "approved" {
  for_each = local.images
  field    = each.key
  value    = harnessci_image_copy.approved[each.key].reference
}
