terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

variable "sandbox_account_id" {
  type = string
}

variable "sandbox_api_key" {
  type      = string
  sensitive = true
}

variable "production_account_id" {
  type = string
}

variable "production_api_key" {
  type      = string
  sensitive = true
}

# One alias for each account. Each has a writer of its own, so accounts do not wait for one another.
provider "harnessci" {
  alias      = "sandbox"
  account_id = var.sandbox_account_id
  api_key    = var.sandbox_api_key
}

provider "harnessci" {
  alias      = "production"
  account_id = var.production_account_id
  api_key    = var.production_api_key
}

# The sandbox runs a release first; a pull request moves a line from here to production.
locals {
  sandbox = {
    addonTag      = "harness/ci-addon:1.16.92"
    liteEngineTag = "harness/ci-lite-engine:1.16.92"
    gitCloneTag   = "harness/drone-git:1.6.9-rootless"
  }
  production = {
    addonTag      = "harness/ci-addon:1.16.90"
    liteEngineTag = "harness/ci-lite-engine:1.16.90"
    gitCloneTag   = "harness/drone-git:1.6.8-rootless"
  }
}

resource "harnessci_image_override" "sandbox" {
  provider = harnessci.sandbox
  for_each = local.sandbox
  field    = each.key
  value    = each.value
}

resource "harnessci_image_override" "production" {
  provider = harnessci.production
  for_each = local.production
  field    = each.key
  value    = each.value
}
