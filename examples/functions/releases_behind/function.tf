# 2
output "behind" {
  value = provider::harnessci::releases_behind("harness/ci-addon:1.14.4", "harness/ci-addon:1.16.92")
}

# 0: ahead counts as not behind.
output "ahead" {
  value = provider::harnessci::releases_behind("harness/ci-addon:1.16.92", "harness/ci-addon:1.14.4")
}

# null: one of the tags is no version.
output "unknown" {
  value = provider::harnessci::releases_behind("harness/sto-plugin:latest", "harness/sto-plugin:1.2.3")
}
