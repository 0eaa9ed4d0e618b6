locals {
  images = data.harnessci_default_images.k8.images
  url    = "http://${var.registry}" # https anywhere but here
}

resource "harnessci_image_copy" "private" {
  for_each    = toset(values(local.images))
  source      = provider::harnessci::mirror_image(each.key, var.hub)
  destination = provider::harnessci::mirror_image(each.key, var.registry)
}

resource "harnessci_image_override" "k8" {
  for_each   = local.images
  field      = each.key
  value      = each.value
  depends_on = [harnessci_image_copy.private]
}

resource "harnessci_image_connector" "private" {
  url          = local.url
  username     = "robot"
  password_ref = "account.registry_password"
  depends_on   = [harnessci_image_override.k8] # switches builds
}

output "pulled" {
  value = {
    for field, image in local.images :
    field => provider::harnessci::pulled_image(image, local.url)
  }
}
