terraform {
  required_providers {
    harnessci = {
      source = "harnessci/harnessci"
    }
  }
}

variable "hub" {}      # stands in for Docker Hub
variable "registry" {} # your own

provider "harnessci" {}

data "harnessci_default_images" "k8" {}

locals {
  # Three of them, to keep plans short.
  images = {
    for field, image in data.harnessci_default_images.k8.images : field => image
    if contains(["addonTag", "liteEngineTag", "gitCloneTag"], field)
  }
}

resource "harnessci_image_copy" "private" {
  for_each    = local.images
  source      = provider::harnessci::mirror_image(each.value, var.hub)
  destination = provider::harnessci::mirror_image(each.value, var.registry)
}

resource "harnessci_image_override" "k8" {
  for_each = local.images
  field    = each.key
  value    = harnessci_image_copy.private[each.key].destination
}
