import {
  to = harnessci_image_overrides.k8
  identity = {
    module = "ci"
    infra  = "K8"
  }
}
