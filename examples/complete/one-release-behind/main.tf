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

variable "scopes" {
  description = "Modules and infras that the account uses. All of them pull through the connector."
  type        = set(string)
  default     = ["ci/K8", "ci/VM"]
}

provider "harnessci" {
  registries = {
    (split("/", var.mirror)[0]) = {
      username = "harness-pusher"
      password = var.mirror_password
    }
  }
}

# What Harness would run.
data "harnessci_default_images" "all" {
  for_each = var.scopes
  module   = split("/", each.key)[0]
  infra    = try(split("/", each.key)[1], null)
}

locals {
  url = "https://${var.mirror}"

  # One element for each image to pin, such as "ci/K8/gitCloneTag".
  defaults = merge([
    for scope, defaults in data.harnessci_default_images.all : {
      for field, image in defaults.own_images : "${scope}/${field}" => {
        module = defaults.module, infra = defaults.infra, field = field, image = image
      }
    }
  ]...)

  # The addon and the lite engine, which stay one release behind.
  behind = {
    for key, default in local.defaults : key => default.image
    if startswith(provider::harnessci::parse_image(default.image).name, "ci-")
  }

  pins = {
    for key, default in local.defaults : key => merge(default, {
      image = contains(keys(local.behind), key) ? data.harnessci_image_releases.behind[key].releases[1].image : default.image
    })
  }

  # Each image once: those to pin, and those that run the default because they cannot be pinned.
  images = setunion(
    [for pin in local.pins : pin.image],
    flatten([
      for defaults in data.harnessci_default_images.all : [
        for field, image in defaults.images : image if !contains(keys(defaults.own_images), field)
      ]
    ]),
  )
}

# The version that Harness runs and the published one before it, listed where Harness publishes.
data "harnessci_image_releases" "behind" {
  for_each = local.behind
  image    = each.value
  limit    = 2

  lifecycle {
    postcondition {
      condition     = length(self.releases) == 2
      error_message = "${each.key}: no release before ${each.value} is published, so nothing can stay one release behind."
    }
  }
}

# The two are released together.
check "same_version" {
  assert {
    condition     = length(distinct([for image in data.harnessci_image_releases.behind : image.releases[1].version])) == 1
    error_message = "The addon and the lite engine would be of different versions."
  }
}

# Tags such as latest move at any time: these are copied by the digest that they have in this plan.
data "harnessci_registry_image" "moving" {
  for_each = toset([for image in local.images : image if !can(regex("[0-9]+\\.[0-9]+", provider::harnessci::parse_image(image).tag))])
  image    = each.key
}

# Copies every image, byte for byte.
resource "harnessci_image_copy" "mirrored" {
  for_each    = local.images
  source      = try(data.harnessci_registry_image.moving[each.key].reference, each.key)
  destination = provider::harnessci::pulled_image(each.key, local.url)
}

# Pins what is in the mirror. The names have no registry: that of the connector comes before them.
resource "harnessci_image_override" "pinned" {
  for_each = local.pins
  module   = each.value.module
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

output "behind" {
  value = { for key in keys(local.behind) : key => local.pins[key].image }
}
