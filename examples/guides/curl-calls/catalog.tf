data "harnessci_image_catalog" "harness" {}

output "repositories" {
  value = data.harnessci_image_catalog.harness.repositories
}
