terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

# One account of the fleet. The key of each run comes from HARNESS_PLATFORM_API_KEY.
variable "account" {
  description = "Name of the account in accounts.json."
  type        = string

  validation {
    condition     = contains(keys(jsondecode(file("accounts.json"))), var.account)
    error_message = "There is no such account in accounts.json: it has ${join(", ", keys(jsondecode(file("accounts.json"))))}."
  }
}

locals {
  account = jsondecode(file("${path.module}/accounts.json"))[var.account]

  # A release moves from ring to ring: a pull request copies a line downwards.
  rings = {
    sandbox = {
      addonTag      = "harness/ci-addon:1.16.92"
      liteEngineTag = "harness/ci-lite-engine:1.16.92"
    }
    early = {
      addonTag      = "harness/ci-addon:1.16.90"
      liteEngineTag = "harness/ci-lite-engine:1.16.90"
    }
    everyone = {
      addonTag      = "harness/ci-addon:1.16.90"
      liteEngineTag = "harness/ci-lite-engine:1.16.90"
    }
  }
}

provider "harnessci" {
  account_id = local.account.account_id
}

resource "harnessci_image_override" "pinned" {
  for_each = local.rings[local.account.ring]
  field    = each.key
  value    = each.value
}
