resource "harnessci_image_override" "reviewed" {
  for_each = {
    gitCloneTag  = "harness/drone-git:1.6.8-rootless"
    gcsUploadTag = "plugins/gcs:1.6.2"
  }
  field = each.key
  value = each.value
}
