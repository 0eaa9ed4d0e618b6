# The id is module/infra.
terraform import harnessci_image_overrides.k8 ci/K8

# The module may be left out when it is ci.
terraform import harnessci_image_overrides.vm VM

# Database DevOps has no infra.
terraform import harnessci_image_overrides.dbops dbops
