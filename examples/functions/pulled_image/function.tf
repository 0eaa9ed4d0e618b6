# "registry.example.com/mirror/harness/ci-addon:1.14.4"
output "pulled" {
  value = provider::harnessci::pulled_image("harness/ci-addon:1.14.4", "https://registry.example.com/mirror")
}

# What a VM of Harness Cloud pulls without a login:
# "us-docker.pkg.dev/gar-prod-setup/harness-public/harness/drone-git:1.6.9"
output "pulled_on_harness_cloud" {
  value = provider::harnessci::pulled_image("harness/drone-git:1.6.9", "", "harness-cloud")
}
