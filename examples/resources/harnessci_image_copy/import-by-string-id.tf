import {
  to = harnessci_image_copy.addon
  id = "registry.example.com/mirror/harness/ci-addon:1.16.92"
}
