# The id is module/infra/field.
terraform import harnessci_image_override.git_clone ci/K8/gitCloneTag

# The module may be left out when it is ci.
terraform import harnessci_image_override.git_clone_vm VM/gitCloneTag

# Database DevOps has no infra.
terraform import harnessci_image_override.liquibase dbops/defaultTag

# One of many.
terraform import 'harnessci_image_override.upload["s3UploadTag"]' ci/K8/s3UploadTag
