import {
  to = harnessci_image_override.git_clone
  identity = {
    module = "ci"
    infra  = "K8"
    field  = "gitCloneTag"
  }
}
