# A pipeline starts from a fresh checkout, so the state has to be kept somewhere else.
terraform {
  backend "s3" {
    bucket       = "my-terraform-state"
    key          = "harness-images/terraform.tfstate"
    region       = "eu-central-1"
    use_lockfile = true # needs Terraform or OpenTofu 1.10
  }
}
