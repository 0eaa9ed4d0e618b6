# The registry that has a copy of every Harness image. Builds pull harness/ci-addon:1.16.92 as
# registry.example.com/harness-mirror/harness/ci-addon:1.16.92.
resource "harnessci_image_connector" "this" {
  url          = "https://registry.example.com/harness-mirror"
  username     = "harness-puller"
  password_ref = "account.registry_password" # a secret of the account, by its identifier

  execute_on_delegate = false # as Harness Cloud needs
}
