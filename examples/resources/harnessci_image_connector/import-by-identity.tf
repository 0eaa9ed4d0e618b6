import {
  to = harnessci_image_connector.this
  identity = {
    identifier = "harnessImage"
  }
}
