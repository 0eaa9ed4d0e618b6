import {
  to = harnessci_image_overrides.k8
  id = "ci/K8"
}
