data "harnessci_customer_images" "overrides" {}

data "harnessci_image_status" "k8" {}

output "overrides" {
  value = data.harnessci_customer_images.overrides.images
}

output "what_runs" {
  value = { for field, image in data.harnessci_image_status.k8.images : field => image.effective }
}
