data "harnessci_image_status" "k8" {}

# How many releases each override is behind the default; null where that cannot be told.
output "pinned" {
  value = {
    for field in data.harnessci_image_status.k8.overridden_fields :
    field => data.harnessci_image_status.k8.images[field].releases_behind
  }
}

# Warns in every plan and apply of what the vendor no longer supports, and fails neither.
check "supported_images" {
  assert {
    condition = length(data.harnessci_image_status.k8.unsupported_fields) == 0
    error_message = join("\n", [
      for field in data.harnessci_image_status.k8.unsupported_fields : format(
        "%s runs %s, and the default is %s.", field,
        data.harnessci_image_status.k8.images[field].effective,
        data.harnessci_image_status.k8.images[field].default,
      )
    ])
  }
}

# Database DevOps has no infra, and what its builds pull is not known.
data "harnessci_image_status" "dbops" {
  module = "dbops"
}

output "dbops_images" {
  value = { for field, image in data.harnessci_image_status.dbops.images : field => image.effective }
}
