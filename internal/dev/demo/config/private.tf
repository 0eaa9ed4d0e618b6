locals {
  images = data.harnessci_default_images.k8.images
}

resource "harnessci_image_copy" "private" {
  for_each    = toset(values(local.images))
  source      = provider::harnessci::mirror_image(each.key, var.hub)
  destination = provider::harnessci::mirror_image(each.key, var.registry)
}

resource "harnessci_image_connector" "private" {
  url          = "http://${var.registry}"
  username     = "robot"
  password_ref = "account.registry_password"
}

resource "harnessci_image_override" "k8" {
  for_each = local.images
  field    = each.key
  value    = harnessci_image_copy.private[each.value].destination
}

output "pulled" {
  value = {
    for field, override in harnessci_image_override.k8 :
    field => provider::harnessci::pulled_image(override.value, harnessci_image_connector.private.url)
  }
}
