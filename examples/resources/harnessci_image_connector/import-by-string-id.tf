import {
  to = harnessci_image_connector.this
  id = "harnessImage"
}
