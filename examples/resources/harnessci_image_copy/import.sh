# The id is the destination.
terraform import harnessci_image_copy.addon registry.example.com/mirror/harness/ci-addon:1.16.92
