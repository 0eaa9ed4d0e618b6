terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

variable "mirror" {
  description = "Registry, with an optional path, that has a copy of each image."
  type        = string
  default     = "registry.example.com/harness-mirror"
}

provider "harnessci" {}

# What Harness would run, on Kubernetes and on VMs.
data "harnessci_default_images" "all" {
  for_each = toset(["K8", "VM"])
  infra    = each.key
}

locals {
  # Harness lists these among the defaults and refuses to have them overridden.
  refused = ["VM/slsaVerificationTag"]

  # One element for each image to override, such as "K8/gitCloneTag".
  images = merge([
    for infra, defaults in data.harnessci_default_images.all : {
      for field, image in defaults.images : "${infra}/${field}" => { infra = infra, field = field, image = image }
      if !contains(local.refused, "${infra}/${field}")
    }
  ]...)
}

# The same images, tags and digests, pulled from the mirror.
resource "harnessci_image_override" "mirrored" {
  for_each = local.images
  infra    = each.value.infra
  field    = each.value.field
  value    = provider::harnessci::mirror_image(each.value.image, var.mirror)
}

# What has to be in the mirror before the apply: from where to where.
output "copy" {
  value = {
    for image in distinct(values(local.images)[*].image) :
    image => provider::harnessci::mirror_image(image, var.mirror)
  }
}
