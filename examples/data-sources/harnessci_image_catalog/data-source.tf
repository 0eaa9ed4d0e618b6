# The repositories that the endpoint's own registry lists.
data "harnessci_image_catalog" "harness" {}

output "plugins" {
  value = [for name in data.harnessci_image_catalog.harness.repositories : name if startswith(name, "plugins/")]
}
