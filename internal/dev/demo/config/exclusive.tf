resource "harnessci_image_overrides" "iacm" {
  module = "iacm"
  images = {
    iacmOpenTofu = "plugins/harness_opentofu:0.157.0"
  }
}
