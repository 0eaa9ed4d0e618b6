output "pulled" {
  description = "What builds pull, by scope and field."
  value       = { for key, pin in local.pins : key => provider::harnessci::pulled_image(pin.image, local.url) }
}

output "copies" {
  description = "Where each image is copied from, and to."
  value       = { for image in local.images : image => provider::harnessci::pulled_image(image, local.url) }
}

output "restores" {
  description = "URL of the connector that a destroy brings back; null for Harness's own."
  value       = harnessci_image_connector.mirror.restores_url
}
