# "registry.example.com/mirror/harness/ci-addon:1.14.4"
output "mirrored" {
  value = provider::harnessci::mirror_image("harness/ci-addon:1.14.4", "registry.example.com/mirror")
}
