terraform {
  required_providers {
    harnessci = {
      source = "harnessci/harnessci"
    }
  }
}

provider "harnessci" {
  registries = {
    (var.registry) = {
      username = "robot"
      password = var.password
    }
  }
}

variable "hub" {}      # stands in for Docker Hub
variable "registry" {} # the private one
variable "password" {
  sensitive = true
}

data "harnessci_default_images" "k8" {}

output "defaults" {
  value = data.harnessci_default_images.k8.images
}
