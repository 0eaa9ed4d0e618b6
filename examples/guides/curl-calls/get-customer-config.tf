# Both read after the overrides of this configuration, so that they show what an apply has set.
data "harnessci_customer_images" "overrides" {
  depends_on = [harnessci_image_override.reviewed]
}

data "harnessci_image_status" "k8" {
  depends_on = [harnessci_image_override.reviewed]
}

output "overrides" {
  value = data.harnessci_customer_images.overrides.images
}

output "what_runs" {
  value = { for field, image in data.harnessci_image_status.k8.images : field => image.effective }
}
