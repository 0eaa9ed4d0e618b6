# A state for each account: terraform init -backend-config="key=harness-images/<account>.tfstate"
terraform {
  backend "s3" {
    bucket       = "my-terraform-state"
    region       = "eu-central-1"
    use_lockfile = true
  }
}
