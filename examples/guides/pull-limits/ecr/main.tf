resource "harnessci_image_connector" "this" {
  url = "https://public.ecr.aws/harness"
}
