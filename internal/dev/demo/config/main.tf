terraform {
  required_providers {
    harnessci = {
      source = "harnessci/harnessci"
    }
  }
}

data "harnessci_default_images" "k8" {}

data "harnessci_default_images" "vm" {
  infra = "VM"
}

output "defaults" {
  value = {
    "ci/K8" = data.harnessci_default_images.k8.images
    "ci/VM" = data.harnessci_default_images.vm.images
  }
}
