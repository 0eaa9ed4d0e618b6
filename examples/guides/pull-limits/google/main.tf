resource "harnessci_image_connector" "this" {
  url = "https://us-docker.pkg.dev/gar-prod-setup/harness-public"
}
