# Without registries: how far each override is behind the default, in minors.
data "harnessci_image_status" "k8" {}

output "pinned" {
  value = {
    for field in data.harnessci_image_status.k8.overridden_fields :
    field => data.harnessci_image_status.k8.images[field].releases_behind
  }
}

# With registries: what is missing or unknown, how many published versions each image is behind, how old it is.
data "harnessci_image_status" "vm" {
  infra          = "VM"
  check_registry = true
  max_age_days   = 180
}

# Warns in every plan and apply, and fails neither.
check "images" {
  assert {
    condition     = length(data.harnessci_image_status.vm.missing_fields) == 0
    error_message = "Builds cannot pull: ${join(", ", data.harnessci_image_status.vm.missing_fields)}."
  }
  assert {
    condition     = length(data.harnessci_image_status.vm.unknown_fields) == 0
    error_message = join("\n", [for field, why in data.harnessci_image_status.vm.unknown_fields : "Not checked: ${field}, ${why}."])
  }
  assert {
    condition     = length(data.harnessci_image_status.vm.too_old_fields) == 0
    error_message = "Older than 180 days: ${join(", ", data.harnessci_image_status.vm.too_old_fields)}."
  }
}

# What Harness Cloud pulls from somewhere else than the connector says.
output "redirected" {
  value = {
    for field, image in data.harnessci_image_status.vm.images : field => image.pulled_on_harness_cloud
    if image.pulled_on_harness_cloud != image.pulled
  }
}

# Database DevOps has no infra.
data "harnessci_image_status" "dbops" {
  module = "dbops"
}

output "dbops_images" {
  value = { for field, image in data.harnessci_image_status.dbops.images : field => image.pulled }
}
