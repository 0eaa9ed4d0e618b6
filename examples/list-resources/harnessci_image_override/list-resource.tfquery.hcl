# Every override of the module ci, on Kubernetes and on VMs.
list "harnessci_image_override" "ci" {
  provider         = harnessci
  include_resource = true
}

# One infra of another module.
list "harnessci_image_override" "iacm" {
  provider = harnessci

  config {
    module = "iacm"
    infra  = "K8"
  }
}

# Every override of Database DevOps, which has no infra.
list "harnessci_image_override" "dbops" {
  provider = harnessci

  config {
    module = "dbops"
  }
}
