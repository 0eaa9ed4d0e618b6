provider "harnessci" {
  registries = {
    "registry.example.com" = {
      username = "robot"
      password = var.registry_password
    }
  }
}

variable "registry_password" {
  type      = string
  sensitive = true
}

# Copied with the digest shown in the plan.
resource "harnessci_image_copy" "addon" {
  source      = "harness/ci-addon:1.16.92"
  destination = provider::harnessci::mirror_image("harness/ci-addon:1.16.92", "registry.example.com/mirror")
}

# Builds run the copy, and only once it is there.
resource "harnessci_image_override" "addon" {
  field = "addonTag"
  value = harnessci_image_copy.addon.destination
}
