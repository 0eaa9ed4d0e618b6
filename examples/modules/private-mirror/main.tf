# Copies Harness's images to a registry of yours, pins what was copied, and then lets builds pull from there.
# The guide "Mirror images to a private registry" explains each part.

terraform {
  required_version = ">= 1.8"

  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
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

  # The default of each field that can be pinned, by a name such as "ci/K8/gitCloneTag".
  defaults = merge([
    for scope, defaults in data.harnessci_default_images.all : {
      for field, image in defaults.own_images : "${scope}/${field}" => { scope = scope, field = field, image = image }
    }
  ]...)

  # The addon and the lite engine, if they stay behind.
  behind = {
    for key, default in local.defaults : key => default.image
    if var.releases_behind > 0 && !contains(keys(var.pins), key) && startswith(provider::harnessci::parse_image(default.image).name, "ci-")
  }

  # What builds will run: what is asked for, a release before the default, or the default.
  pins = {
    for key, default in local.defaults : key => merge(default, {
      image = try(var.pins[key], data.harnessci_image_releases.behind[key].releases[var.releases_behind].image, default.image)
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

# The version that Harness runs and the published ones before it.
data "harnessci_image_releases" "behind" {
  for_each = local.behind
  image    = each.value
  limit    = var.releases_behind + 1

  lifecycle {
    postcondition {
      condition     = length(self.releases) == var.releases_behind + 1
      error_message = "${each.key}: no release ${var.releases_behind} before ${each.value} is published, so it cannot stay behind."
    }
  }
}

# Tags such as latest move at any time: these are copied by the digest that they have in this plan.
data "harnessci_registry_image" "moving" {
  for_each = toset([for image in local.images : image if !can(regex("[0-9]+\\.[0-9]+", provider::harnessci::parse_image(image).tag))])
  image    = each.key
}

# First, every image is copied, byte for byte. The plan shows the digests.
resource "harnessci_image_copy" "mirrored" {
  for_each    = var.copy ? local.images : []
  source      = try(data.harnessci_registry_image.moving[each.key].reference, each.key)
  destination = provider::harnessci::pulled_image(each.key, local.url)
}

# Then what was copied is pinned, so that a new default waits for its copy. The names have no registry: that of
# the connector comes before them.
resource "harnessci_image_overrides" "pinned" {
  for_each = var.exclusive ? var.scopes : []
  module   = split("/", each.key)[0]
  infra    = try(split("/", each.key)[1], null)
  images   = { for pin in local.pins : pin.field => pin.image if pin.scope == each.key }

  depends_on = [harnessci_image_copy.mirrored]
}

resource "harnessci_image_override" "pinned" {
  for_each = var.exclusive ? {} : local.pins
  module   = split("/", each.value.scope)[0]
  infra    = try(split("/", each.value.scope)[1], null)
  field    = each.value.field
  value    = each.value.image

  depends_on = [harnessci_image_copy.mirrored]
}

# Last, every build is switched to the mirror. Harness tests the connection, and the previous connector is put
# back if the test fails.
resource "harnessci_image_connector" "mirror" {
  url                 = local.url
  username            = var.connector.username
  password_ref        = var.connector.password_ref
  execute_on_delegate = var.connector.execute_on_delegate
  delegate_selectors  = var.connector.delegate_selectors

  depends_on = [harnessci_image_overrides.pinned, harnessci_image_override.pinned]
}
