data "harnessci_registry_image" "addon" {
  image = "harness/ci-addon:1.16.92"
}

# Name, tag and digest: what never changes.
output "reference" {
  value = data.harnessci_registry_image.addon.reference
}

output "platforms" {
  value = data.harnessci_registry_image.addon.platforms
}
