data "harnessci_default_images" "k8" {}

output "default_images" {
  value = data.harnessci_default_images.k8.images
}
