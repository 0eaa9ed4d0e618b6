data "harnessci_default_images" "k8" {}

# The release that Harness runs and the two before it, which it supports as well.
data "harnessci_image_releases" "addon" {
  image = data.harnessci_default_images.k8.images["addonTag"]
}

output "releases" {
  value = data.harnessci_image_releases.addon.releases[*].image
}

# The same repository in a mirror: what is there already.
data "harnessci_image_releases" "mirrored" {
  image    = data.harnessci_default_images.k8.images["addonTag"]
  registry = "registry.example.com/mirror"
  limit    = 10
}
