data "harnessci_image_connector" "this" {}

data "harnessci_default_images" "k8" {}

# What builds pull where nothing is overridden.
output "pulled" {
  value = {
    for field, image in data.harnessci_default_images.k8.images :
    field => provider::harnessci::pulled_image(image, data.harnessci_image_connector.this.url)
  }
}

# Warns in every plan and apply of a connector that does not work, or that Harness Cloud cannot use.
check "image_connector" {
  assert {
    condition     = data.harnessci_image_connector.this.status == "SUCCESS"
    error_message = "The last connection test: ${coalesce(data.harnessci_image_connector.this.error_summary, "none succeeded")}."
  }
  assert {
    condition     = data.harnessci_image_connector.this.execute_on_delegate == false
    error_message = "Stages on Harness Cloud fail while the image connector connects through a delegate."
  }
}
