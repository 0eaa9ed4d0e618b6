terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

provider "harnessci" {}

# The reviewed images. To take a new release is a pull request that changes these lines, and its
# plan shows what builds will run.
locals {
  pins = {
    K8 = {
      addonTag      = "harness/ci-addon:1.16.90"
      liteEngineTag = "harness/ci-lite-engine:1.16.90"
      gitCloneTag   = "harness/drone-git:1.6.8-rootless"
    }
    VM = {
      gitCloneTag = "harness/drone-git:1.6.8"
    }
  }

  overrides = merge([
    for infra, images in local.pins : {
      for field, image in images : "${infra}/${field}" => { infra = infra, field = field, image = image }
    }
  ]...)
}

resource "harnessci_image_override" "pinned" {
  for_each = local.overrides
  infra    = each.value.infra
  field    = each.value.field
  value    = each.value.image
}

# What runs after the apply, on each infra.
data "harnessci_image_status" "now" {
  for_each   = local.pins
  infra      = each.key
  depends_on = [harnessci_image_override.pinned]
}

# Warns, in every plan and apply, of images that Harness no longer supports. It fails neither.
check "supported" {
  assert {
    condition     = alltrue([for status in data.harnessci_image_status.now : length(status.unsupported_fields) == 0])
    error_message = "Out of support: ${jsonencode({ for infra, status in data.harnessci_image_status.now : infra => status.unsupported_fields })}"
  }
}

# What to review next: each pin that the default has left behind, be it by a hotfix only.
output "review" {
  value = {
    for infra, status in data.harnessci_image_status.now : infra => {
      for field in status.outdated_fields :
      field => "${status.images[field].effective} -> ${status.images[field].default}"
    }
  }
}
