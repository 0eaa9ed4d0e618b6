locals {
  image = provider::harnessci::parse_image("registry.example.com/mirror/harness/ci-addon:1.14.4")
}

# {
#   registry   = "registry.example.com"
#   repository = "mirror/harness/ci-addon"
#   name       = "ci-addon"
#   tag        = "1.14.4"
#   digest     = null
# }
output "parts" {
  value = local.image
}
