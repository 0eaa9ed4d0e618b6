# What is overridden on Kubernetes, however it came to be.
data "harnessci_customer_images" "overrides" {}

output "overridden_fields" {
  value = keys(data.harnessci_customer_images.overrides.images)
}

# Every image that builds run, overridden or not, as the server merges them.
data "harnessci_customer_images" "effective" {
  infra          = "VM"
  overrides_only = false
}

output "vm_git_clone" {
  value = data.harnessci_customer_images.effective.images["gitCloneTag"]
}

# What is overridden in Database DevOps, which has no infra.
data "harnessci_customer_images" "dbops" {
  module = "dbops"
}

output "dbops_overrides" {
  value = data.harnessci_customer_images.dbops.images
}
