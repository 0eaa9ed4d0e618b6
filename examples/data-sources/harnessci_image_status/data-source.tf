data "harnessci_image_status" "k8" {}

# The overrides that are behind the default, and by how many releases.
output "behind" {
  value = {
    for field in data.harnessci_image_status.k8.outdated_fields :
    field => data.harnessci_image_status.k8.images[field].releases_behind
  }
}

# Warns in every plan and apply, and fails neither.
check "supported_images" {
  assert {
    condition     = length(data.harnessci_image_status.k8.unsupported_fields) == 0
    error_message = "Out of support: ${join(", ", data.harnessci_image_status.k8.unsupported_fields)}."
  }
}
