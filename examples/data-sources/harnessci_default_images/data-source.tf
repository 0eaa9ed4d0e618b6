# Kubernetes builds of the module ci, and builds on VMs.
data "harnessci_default_images" "k8" {}

data "harnessci_default_images" "vm" {
  infra = "VM"
}

# Database DevOps has no infra.
data "harnessci_default_images" "dbops" {
  module = "dbops"
}

# What to pin: without fields of other modules, which have no effect here.
output "own_images" {
  value = data.harnessci_default_images.k8.own_images
}

# The fields that exist on Kubernetes only.
output "kubernetes_only" {
  value = setsubtract(
    keys(data.harnessci_default_images.k8.images),
    keys(data.harnessci_default_images.vm.images),
  )
}
