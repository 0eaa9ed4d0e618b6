terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

variable "harness_endpoint" {
  description = "Base URL of the gateway, such as https://harness.example.com/gateway."
  type        = string
}

variable "ca_certificate_file" {
  description = "PEM file with the private CA that signed the endpoint's certificate; null for a public one."
  type        = string
  default     = null
}

provider "harnessci" {
  endpoint            = var.harness_endpoint
  ca_certificate_file = var.ca_certificate_file

  # For a gateway that is far away or often busy.
  request_timeout = "1m"
  max_retries     = 8
}

data "harnessci_default_images" "k8" {}

output "fields" {
  value = keys(data.harnessci_default_images.k8.images)
}
