terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

variable "mirror" {
  description = "Registry, with an optional path, that gets a copy of each image."
  type        = string
  default     = "registry.example.com/harness-mirror"
}

variable "mirror_password" {
  description = "Password of the user that may push to the mirror."
  type        = string
  sensitive   = true
}

provider "harnessci" {
  registries = {
    (split("/", var.mirror)[0]) = {
      username = "harness-pusher"
      password = var.mirror_password
    }
  }
}

# What Harness would run, on Kubernetes and on VMs.
data "harnessci_default_images" "all" {
  for_each = toset(["K8", "VM"])
  infra    = each.key
}

locals {
  url = "https://${var.mirror}"

  # One element for each image to pin, such as "K8/gitCloneTag".
  pins = merge([
    for infra, defaults in data.harnessci_default_images.all : {
      for field, image in defaults.own_images : "${infra}/${field}" => { infra = infra, field = field, image = image }
    }
  ]...)

  # Each image once, whatever runs it.
  images = toset(flatten([for defaults in data.harnessci_default_images.all : values(defaults.images)]))
}

# Tags such as latest move at any time: these are copied by the digest that they have in this plan.
data "harnessci_registry_image" "moving" {
  for_each = toset([for image in local.images : image if !can(regex("[0-9]+\\.[0-9]+", provider::harnessci::parse_image(image).tag))])
  image    = each.key
}

# Copies every image, byte for byte. The plan shows the digests.
resource "harnessci_image_copy" "mirrored" {
  for_each    = local.images
  source      = try(data.harnessci_registry_image.moving[each.key].reference, each.key)
  destination = provider::harnessci::pulled_image(each.key, local.url)
}

# Pins what is in the mirror, so that a new default waits for its copy. The names have no registry:
# that of the connector comes before them.
resource "harnessci_image_override" "pinned" {
  for_each = local.pins
  infra    = each.value.infra
  field    = each.value.field
  value    = each.value.image

  depends_on = [harnessci_image_copy.mirrored]
}

# Switches every build to the mirror, last of all. Harness then tests the connection, and the previous
# connector is put back if the test fails.
resource "harnessci_image_connector" "mirror" {
  url                 = local.url
  username            = "harness-puller"
  password_ref        = "account.registry_password" # a secret of the account
  execute_on_delegate = false                       # as Harness Cloud needs

  depends_on = [harnessci_image_override.pinned]
}
