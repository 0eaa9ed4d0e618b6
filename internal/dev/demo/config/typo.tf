resource "harnessci_image_override" "vm" {
  infra = "VM"
  field = "gitCloneTag"
  value = "harness/drone-git:1.9.6"
}
