terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

provider "harnessci" {}

# What runs, on Kubernetes and on VMs, and whether it is in the registry that builds pull it from. A folder
# of its own, since it only reads and keeps nothing: a pipeline can run it before and after an apply, with a
# key that may only view.
data "harnessci_image_status" "now" {
  for_each       = toset(["K8", "VM"])
  infra          = each.key
  check_registry = true
}

# What is overridden, to keep it: terraform output -json pins > pins.auto.tfvars.json
output "pins" {
  value = { pins = merge([
    for infra, status in data.harnessci_image_status.now : {
      for field in status.overridden_fields : "ci/${infra}/${field}" => status.images[field].override
    }
  ]...) }
}

# For a job's summary or a pull request's comment.
output "table" {
  value = join("\n", [for infra, status in data.harnessci_image_status.now : "### ${infra}\n\n${status.table}"])
}

output "unknown" {
  description = "Images of which nobody knows whether builds can pull them, with the reason. Treat them like missing ones."
  value = merge([
    for infra, status in data.harnessci_image_status.now : { for field, why in status.unknown_fields : "${infra}/${field}" => why }
  ]...)
}

output "missing" {
  description = "Images that builds cannot pull."
  value = flatten([
    for status in data.harnessci_image_status.now : [for field in status.missing_fields : status.images[field].pulled]
  ])
}
