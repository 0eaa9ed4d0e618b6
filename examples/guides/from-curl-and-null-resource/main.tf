terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

provider "harnessci" {}

# What the curl commands post.
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

# Takes over what is there. The blocks may stay: once imported, they do nothing.
import {
  for_each = local.pins
  to       = harnessci_image_override.pinned[each.key]
  id       = "ci/K8/${each.key}"
}
