# 2 minors
output "behind" {
  value = provider::harnessci::releases_behind("harness/ci-addon:1.14.4", "harness/ci-addon:1.16.92")
}

# 3 published versions: with the tags of the repository, they are what counts. Without, this is 0.
output "versions" {
  value = provider::harnessci::releases_behind(
    "harness/ci-addon:1.16.6", "harness/ci-addon:1.16.92",
    "1.16.6", "1.16.56", "1.16.56.1", "1.16.92", "rootless-1.16.92",
  )
}

# 0: ahead counts as not behind.
output "ahead" {
  value = provider::harnessci::releases_behind("harness/ci-addon:1.16.92", "harness/ci-addon:1.14.4")
}

# null: one of the tags is no version.
output "unknown" {
  value = provider::harnessci::releases_behind("harness/sto-plugin:latest", "harness/sto-plugin:1.2.3")
}
