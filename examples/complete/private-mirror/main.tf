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
  url = "https://${var.mirror}"

  # Harness lists these among the defaults and refuses to have them overridden.
  refused = ["VM/slsaVerificationTag"]

  # One element for each image to pin, such as "K8/gitCloneTag".
  images = merge([
    for infra, defaults in data.harnessci_default_images.all : {
      for field, image in defaults.images : "${infra}/${field}" => { infra = infra, field = field, image = image }
      if !contains(local.refused, "${infra}/${field}")
    }
  ]...)
}

# Pins what is in the mirror, so that a new default waits for its copy. The names have no registry:
# that of the connector comes before them.
resource "harnessci_image_override" "pinned" {
  for_each = local.images
  infra    = each.value.infra
  field    = each.value.field
  value    = each.value.image
}

# Switches every build to the mirror, last of all. Harness tests the connection first, and what stood
# before is put back where the test fails.
resource "harnessci_image_connector" "mirror" {
  url                 = local.url
  username            = "harness-puller"
  password_ref        = "account.registry_password" # a secret of the account
  execute_on_delegate = false                       # as Harness Cloud needs

  depends_on = [harnessci_image_override.pinned]
}

# What has to be in the mirror before the apply: from where to where.
output "copy" {
  value = {
    for image in distinct(flatten([for defaults in data.harnessci_default_images.all : values(defaults.images)])) :
    image => provider::harnessci::pulled_image(image, local.url)
  }
}
