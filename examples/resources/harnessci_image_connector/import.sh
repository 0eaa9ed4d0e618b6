# The id is always harnessImage.
terraform import harnessci_image_connector.this harnessImage
