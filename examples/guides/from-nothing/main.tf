terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

provider "harnessci" {}

data "harnessci_customer_images" "k8" {}

# One import block for each override. The plan with -generate-config-out writes the resources.
output "import_blocks" {
  value = join("\n", [
    for field in keys(data.harnessci_customer_images.k8.images) : <<-EOT
      import {
        to = harnessci_image_override.k8_${replace(field, ".", "-")}
        id = "ci/K8/${field}"
      }
    EOT
  ])
}
