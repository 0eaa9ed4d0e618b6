terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

provider "harnessci" {}

# What runs, on Kubernetes and on VMs. A folder of its own, since it only reads and keeps nothing: a
# pipeline can run it before and after an apply, with a key that may only view.
data "harnessci_image_status" "now" {
  for_each = toset(["K8", "VM"])
  infra    = each.key
}

output "table" {
  value = join("\n\n", [
    for infra, status in data.harnessci_image_status.now : join("\n", concat(
      ["### ${infra}", "", "| field | runs | default |", "|---|---|---|"],
      [for field, image in status.images : "| `${field}` | `${image.effective}` | `${image.default}` |"],
    ))
  ])
}
