# "registry.example.com/mirror/harness/ci-addon:1.14.4"
output "pulled" {
  value = provider::harnessci::pulled_image("harness/ci-addon:1.14.4", "https://registry.example.com/mirror")
}
