import {
  to = harnessci_image_copy.addon
  identity = {
    destination = "registry.example.com/mirror/harness/ci-addon:1.16.92"
  }
}
