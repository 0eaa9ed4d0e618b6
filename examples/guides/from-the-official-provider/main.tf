terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
    # The state refers to it until the move is applied.
    harness = {
      source = "harness/harness"
    }
  }
}

provider "harnessci" {}

# What was:
#
# resource "harness_platform_default_images" "pinned" {
#   for_each   = local.pins
#   kind       = "ci"
#   infra_type = "K8"
#   field      = each.key
#   value      = each.value
# }

locals {
  pins = {
    gitCloneTag  = "harness/drone-git:1.6.8-rootless"
    gcsUploadTag = "plugins/gcs:1.6.2"
    s3UploadTag  = "plugins/s3:1.5.2"
  }
}

resource "harnessci_image_override" "pinned" {
  for_each = local.pins
  field    = each.key
  value    = each.value
}

moved {
  from = harness_platform_default_images.pinned
  to   = harnessci_image_override.pinned
}
