import {
  to = harnessci_image_override.git_clone
  id = "ci/K8/gitCloneTag"
}
