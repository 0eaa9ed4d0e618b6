terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

provider "harnessci" {}

# The reviewed images. A pull request that takes a new release changes these lines, and its plan
# shows what builds will run.
locals {
  pins = {
    K8 = {
      addonTag      = "harness/ci-addon:1.16.90"
      liteEngineTag = "harness/ci-lite-engine:1.16.90"
      gitCloneTag   = "harness/drone-git:1.6.8-rootless"
    }
    VM = {
      gitCloneTag = "harness/drone-git:1.6.8"
    }
  }
}

# What Harness would run. The checks below compare the pins with it, so they are right in the plan
# that changes a pin, too.
data "harnessci_default_images" "now" {
  for_each = local.pins
  infra    = each.key
}

locals {
  overrides = merge([
    for infra, images in local.pins : {
      for field, image in images : "${infra}/${field}" => {
        infra   = infra
        field   = field
        image   = image
        default = data.harnessci_default_images.now[infra].images[field]
      }
    }
  ]...)

  # How many minors each pin is behind; null where that cannot be told.
  behind = {
    for key, pin in local.overrides : key => provider::harnessci::releases_behind(pin.image, pin.default)
  }

  # Harness's own check of old images accepts two minors behind, and says nothing about age.
  unsupported = [
    for key, pin in local.overrides : key
    if startswith(provider::harnessci::parse_image(pin.default).name, "ci-") && coalesce(local.behind[key], 0) > 2
  ]
}

resource "harnessci_image_override" "pinned" {
  for_each = local.overrides
  infra    = each.value.infra
  field    = each.value.field
  value    = each.value.image
}

# Warns, in every plan and apply, of a pin that Harness's own check no longer accepts. It fails neither.
check "supported" {
  assert {
    condition     = length(local.unsupported) == 0
    error_message = "More than two minors behind: ${join(", ", local.unsupported)}."
  }
}

# What to review next: each pin that is not the default, even if only by a hotfix.
output "review" {
  value = {
    for key, pin in local.overrides : key => "${pin.image} -> ${pin.default}" if pin.image != pin.default
  }
}
