# A state for each account. -reconfigure keeps init from offering to copy the last account's state:
# terraform init -reconfigure -backend-config="key=harness-images/<account>.tfstate"
terraform {
  backend "s3" {
    bucket       = "my-terraform-state"
    region       = "eu-central-1"
    use_lockfile = true
  }
}
