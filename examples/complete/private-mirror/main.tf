terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

variable "mirror_password" {
  description = "Password of the user that may push to the mirror."
  type        = string
  sensitive   = true
}

provider "harnessci" {
  registries = {
    "registry.example.com" = { username = "harness-pusher", password = var.mirror_password }
  }
}

module "private_mirror" {
  source = "github.com/harnessci/terraform-provider-harnessci//examples/modules/private-mirror?ref=v0.1.0"

  mirror    = "registry.example.com/harness-mirror"
  connector = { username = "harness-puller", password_ref = "account.registry_password" }
}

output "pulled" {
  value = module.private_mirror.pulled
}
