terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

provider "harnessci" {}

variable "images" {
  description = "Field of ci/K8 to image."
  type        = map(string)
  default = {
    addonTag      = "registry.example.com/harness/ci-addon:1.16.90"
    liteEngineTag = "registry.example.com/harness/ci-lite-engine:1.16.90"
  }

  validation {
    condition = alltrue([
      for image in values(var.images) : provider::harnessci::parse_image(image).registry == "registry.example.com"
    ])
    error_message = "Images come from registry.example.com only."
  }

  validation {
    condition = alltrue([
      for image in values(var.images) :
      provider::harnessci::parse_image(image).digest != null ||
      can(regex("[0-9]+[.][0-9]+", provider::harnessci::parse_image(image).tag))
    ])
    error_message = "Pin each image to a version or a digest: latest and dev move."
  }
}

resource "harnessci_image_override" "pinned" {
  for_each = var.images
  field    = each.key
  value    = each.value
}

# The addon and the lite engine are released together.
check "same_release" {
  assert {
    condition     = provider::harnessci::parse_image(var.images["addonTag"]).tag == provider::harnessci::parse_image(var.images["liteEngineTag"]).tag
    error_message = "Give the addon and the lite engine the same release."
  }
}
